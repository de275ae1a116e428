export type FileStorageErrorCode =
  /** Others could read or change the file or its folder, or it is not this user's. The message says how to mend it. */
  | 'NOT_PRIVATE'
  /** What is at the path is a folder, or something else that is no file. */
  | 'NOT_A_FILE'
  /** The operating system would not let the file be read; `cause` says why. */
  | 'NOT_READ'
  /** The disk is full or may not be written; `cause` says why. What was stored before still is. */
  | 'NOT_WRITTEN'
  /** There can be no lock beside the file, as on some network file systems; `cause` says why. Nothing was changed. */
  | 'NOT_LOCKED'
  /** Other processes were changing the file all the time, or this one stood still again and again. Nothing was changed. */
  | 'BUSY'

/** What a file storage rejects with. The client passes it on as the `cause` of its own error. */
export class FileStorageError extends Error {
  override readonly name = 'FileStorageError'
  readonly code: FileStorageErrorCode

  constructor(code: FileStorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The operating system's name of what went wrong, such as `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  const { code } = Object(error) as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/** In few words, for a message. */
export function reasonOf(error: unknown): string {
  return errnoOf(error) ?? String(error)
}
