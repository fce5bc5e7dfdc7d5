/** Failures of the file system as the one error class callers know. */
import { VerdigrisError } from "@verdigris/core";

/** `error` of reading `path` as a VerdigrisError; one that already is stays as it is. */
export function asFileError(error: unknown, path: string): VerdigrisError {
  if (error instanceof VerdigrisError) return error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new VerdigrisError("FILE_NOT_FOUND", `${path} does not exist`, { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  const reason = code === "EISDIR" ? "it is a directory" : message;
  return new VerdigrisError("FILE_UNREADABLE", `${path} cannot be read: ${reason}`, {
    cause: error,
  });
}

/** What `parse` makes of a file's contents: what it complains of names the file. */
export function inFile<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof VerdigrisError)) throw cause;
    throw new VerdigrisError(cause.code, `${path}: ${cause.message}`, { cause });
  }
}
