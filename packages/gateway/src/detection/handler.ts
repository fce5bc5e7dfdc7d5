import { type ApiError, RequestError, errorResponse, tell } from "../errors.js";
import { type ApiClient, Clients, type RateLimit, RateLimiter } from "./access.js";
import { readBody } from "./body.js";
import { type DetectableMark, Marks } from "./marks.js";
import { openApiDocument } from "./openapi.js";

/** What an endpoint tests for, and for whom. */
export interface DetectionOptions {
  readonly marks: readonly DetectableMark[];
  readonly clients: readonly ApiClient[];
  /** For each client. Default: 60 a minute, 20 at once. */
  readonly rateLimit?: RateLimit;
  /** Longest body, in bytes. Default 262,144. */
  readonly longestBody?: number;
  /** Decoy keys, as in `DetectOptions`. Default "auto". */
  readonly decoys?: number | "auto";
  /** Milliseconds, for the rate limit. */
  readonly now: () => number;
  /** Whether requests can be answered, for /readyz. Default: they can. */
  readonly isReady?: () => boolean | Promise<boolean>;
  /** Told of what went wrong here; the client sees a 500 without its cause. */
  readonly onError?: (error: unknown) => void;
}

/** Answers one request. Never rejects. */
export type RequestHandler = (request: Request) => Promise<Response>;

type Route = (request: Request) => Response | Promise<Response>;

/**
 * The detection endpoint: `POST /v1/detect`, `GET /healthz`, `/readyz` and `/openapi.json`. Web standards only; texts are
 * neither kept nor quoted in errors.
 * @throws RangeError for marks, clients or limits that cannot be served
 */
export function createDetectionHandler(options: DetectionOptions): RequestHandler {
  const { isReady = () => true, onError } = options;
  const detect = detectRoute(options);
  const document = openApiDocument();
  const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
    "/v1/detect": { POST: detect },
    "/healthz": { GET: () => Response.json({ status: "ok" }) },
    "/readyz": {
      GET: async () =>
        (await isReady())
          ? Response.json({ status: "ready" })
          : Response.json({ status: "not ready" }, { status: 503 }),
    },
    "/openapi.json": { GET: () => Response.json(document) },
  };
  return async function handleDetection(request) {
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

/** Access first: who may not ask learns nothing about a body, and costs none of the limit. */
function detectRoute(options: DetectionOptions): Route {
  const marks = new Marks(options.marks, options.decoys ?? "auto");
  const clients = new Clients(options.clients);
  const rate = new RateLimiter(options.rateLimit ?? { burst: 20, perMinute: 60 }, options.now);
  return async (request) => {
    const client = clients.find(request.headers.get("authorization"));
    if (client === null) return errorResponse(UNKNOWN, { "www-authenticate": "Bearer" });
    const wait = rate.take(client);
    if (wait > 0) return errorResponse(TOO_MANY, { "retry-after": String(wait) });
    const body = await readBody(request, options.longestBody ?? 1 << 18);
    return Response.json({ version: 1, results: marks.test(body) }, { headers: PRIVATE });
  };
}

const PRIVATE = { "cache-control": "no-store" };

const NOT_FOUND: ApiError = {
  status: 404,
  message: "no such path; see /openapi.json",
  type: "invalid_request_error",
  code: "not_found",
};
const NOT_ALLOWED: ApiError = {
  status: 405,
  message: "method: not allowed here",
  type: "invalid_request_error",
  code: "method_not_allowed",
};
const UNKNOWN: ApiError = {
  status: 401,
  message: "authorization: expected a known API key as bearer token",
  type: "authentication_error",
  code: "invalid_api_key",
};
const TOO_MANY: ApiError = {
  status: 429,
  message: "too many requests; retry after the seconds given",
  type: "rate_limit_error",
  code: "rate_limit_exceeded",
};
const BROKEN: ApiError = {
  status: 500,
  message: "the request could not be answered; the operator was told why",
  type: "api_error",
  code: "internal_error",
};
