import { escapeUnseen } from '@latchkey/verifier/inspect'
import { meaningOf, valueInWords } from './claim-words.ts'

interface MemberTableProps {
  name: string
  members: Readonly<Record<string, unknown>>
  now: Date
}

/** What is in a header or a payload, as text whatever it says: no mark in it turns `admin` out of `nimda`. */
export function MemberTable({ name, members, now }: MemberTableProps) {
  return (
    <table class="claims">
      <caption>{name}</caption>
      <tbody>
        {Object.entries(members).map(([member, value]) => (
          <tr key={member}>
            <th scope="row">
              <code>{escapeUnseen(member)}</code>
            </th>
            <td class="claim-meaning">{meaningOf(member)}</td>
            <td class="claim-value">{escapeUnseen(valueInWords(member, value, now))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
