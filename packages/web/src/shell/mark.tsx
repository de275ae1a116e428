/** The latchkey: a bow, a shank and two bits. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect class="mark-door" width="32" height="32" rx="8" />
      <circle class="mark-key" cx="11.5" cy="16" r="5" />
      <path class="mark-key" d="M16.5 16H27v4.5M22.5 16v3.5" />
    </svg>
  )
}
