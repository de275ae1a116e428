// The public door of @latchkey/client/file: keeps a native client's session in a file, for command lines and services.
// It owns how the file is kept and shared among processes; what is kept, and when, is the client's matter.

export { FileStorageError, type FileStorageErrorCode } from './errors.ts'
export { fileStorage } from './file-storage.ts'
export type { FileStorageOptions } from './options.ts'
