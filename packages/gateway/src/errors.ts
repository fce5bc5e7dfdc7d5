/** Errors in the shape of OpenAI's API, which every client of it can read. */

/** What an error says to the client. */
export interface ApiError {
  readonly status: number;
  readonly message: string;
  readonly type:
    | "invalid_request_error"
    | "authentication_error"
    | "rate_limit_error"
    | "api_error";
  readonly code: string;
  readonly param?: string;
}

/** An answer that is an error. */
export function errorResponse(
  error: ApiError,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const { status, message, type, code, param = null } = error;
  return Response.json({ error: { message, type, param, code } }, { status, headers });
}

/** A request that cannot be answered as it is, with what to tell the client. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly error: ApiError;

  constructor(error: ApiError) {
    super(error.message);
    this.error = error;
  }
}

/** The client's mistake: status 400. */
export function invalidRequest(message: string, code: string, param?: string): RequestError {
  const known = { status: 400, message, type: "invalid_request_error", code } as const;
  return new RequestError(param === undefined ? known : { ...known, param });
}

/** Tells the operator; nobody is left to tell if that fails. */
export function tell(listener: ((error: unknown) => void) | undefined, error: unknown): void {
  try {
    listener?.(error);
  } catch {
    // A broken listener must not break the answer.
  }
}
