/** Every way the environment, as opposed to the caller, can fail. */
export type VerdigrisErrorCode =
  | "FILE_NOT_FOUND"
  | "FILE_UNREADABLE"
  | "FILE_EMPTY"
  | "FILE_BINARY"
  | "FILE_NOT_UTF8"
  | "FILE_UNWRITABLE"
  | "FILE_INVALID"
  | "MODEL_MISSING"
  | "PEER_MISSING"
  | "PROFILE_INVALID"
  | "CONFIG_INVALID"
  | "KEY_INVALID"
  | "CACHE_CORRUPT"
  | "ENDPOINT_FAILED"
  | "JOB_FAILED";

/** The one error class for environment failures. The message never contains a key. */
export class VerdigrisError extends Error {
  readonly code: VerdigrisErrorCode;

  constructor(code: VerdigrisErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "VerdigrisError";
    this.code = code;
  }
}
