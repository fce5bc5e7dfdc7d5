/** Paths of a server, as functions from a request to a response. */
import { type ApiError, RequestError, errorResponse, tell } from "./errors.js";

/** Answers one request. Never rejects. */
export type RequestHandler = (request: Request) => Promise<Response>;

/** What answers at a path, by method. */
export type Routes = Readonly<
  Record<string, Readonly<Record<string, (request: Request) => Response | Promise<Response>>>>
>;

/** Answers by path and method; what a route throws is told to `onError`, and the client sees a 500 without its cause. */
export function routed(
  routes: Routes,
  onError: ((error: unknown) => void) | undefined,
): RequestHandler {
  return async function handle(request) {
    try {
      const path = new URL(request.url).pathname;
      if (!Object.hasOwn(routes, path)) return errorResponse(NOT_FOUND);
      const methods = routes[path];
      if (!Object.hasOwn(methods, request.method)) {
        return errorResponse(NOT_ALLOWED, { allow: Object.keys(methods).join(", ") });
      }
      return await methods[request.method](request);
    } catch (error) {
      if (error instanceof RequestError) return errorResponse(error.error);
      tell(onError, error);
      return errorResponse(BROKEN);
    }
  };
}

/** `GET /healthz` and `/readyz`: is it running, and can it answer? */
export function healthRoutes(isReady: () => boolean | Promise<boolean>): Routes {
  return {
    "/healthz": { GET: () => Response.json({ status: "ok" }) },
    "/readyz": {
      GET: async () =>
        (await isReady())
          ? Response.json({ status: "ready" })
          : Response.json({ status: "not ready" }, { status: 503 }),
    },
  };
}

/** Whoever asks is unknown. */
export const UNKNOWN_CALLER: ApiError = {
  status: 401,
  message: "authorization: expected a known API key as bearer token",
  type: "authentication_error",
  code: "invalid_api_key",
};
/** Something broke here; the cause is not the client's to read. */
export const BROKEN: ApiError = {
  status: 500,
  message: "the request could not be answered; the operator was told why",
  type: "api_error",
  code: "internal_error",
};
/** Nothing is served at a path. */
export const NOT_FOUND: ApiError = {
  status: 404,
  message: "no such path",
  type: "invalid_request_error",
  code: "not_found",
};
const NOT_ALLOWED: ApiError = {
  status: 405,
  message: "method: not allowed here",
  type: "invalid_request_error",
  code: "method_not_allowed",
};
