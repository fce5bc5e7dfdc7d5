import { checked, parseJson, readBytes } from "../body.js";
import { type ApiError, errorResponse } from "../errors.js";
import { type RequestHandler, UNKNOWN_CALLER, healthRoutes, routed } from "../routes.js";
import { type ApiClient, Clients, type RateLimit, RateLimiter } from "./access.js";
import { detectSchema } from "./body.js";
import { type DetectableMark, Marks } from "./marks.js";
import { openApiDocument } from "./openapi.js";

/** What an endpoint tests for, and for whom. */
export interface DetectionOptions {
  /** What is tested for; a function is asked for each request, and may answer with other marks as keys come and go. */
  readonly marks: readonly DetectableMark[] | (() => Promise<readonly DetectableMark[]>);
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

/**
 * The detection endpoint: `POST /v1/detect`, `GET /healthz`, `/readyz` and `/openapi.json`. Web standards only; texts are
 * neither kept nor quoted in errors.
 * @throws RangeError for marks, clients or limits that cannot be served
 */
export function createDetectionHandler(options: DetectionOptions): RequestHandler {
  const { isReady = () => true, onError } = options;
  const detect = detectRoute(options);
  const document = openApiDocument();
  return routed(
    {
      "/v1/detect": { POST: detect },
      ...healthRoutes(isReady),
      "/openapi.json": { GET: () => Response.json(document) },
    },
    onError,
  );
}

/** Access first: who may not ask learns nothing about a body, and costs none of the limit. */
function detectRoute(options: DetectionOptions): (request: Request) => Promise<Response> {
  const current = marksOf(options);
  const clients = new Clients(options.clients);
  const rate = new RateLimiter(options.rateLimit ?? { burst: 20, perMinute: 60 }, options.now);
  return async (request) => {
    const client = clients.find(request.headers.get("authorization"));
    if (client === null) return errorResponse(UNKNOWN_CALLER, { "www-authenticate": "Bearer" });
    const wait = rate.take(client);
    if (wait > 0) return errorResponse(TOO_MANY, { "retry-after": String(wait) });
    const bytes = await readBytes(request, options.longestBody ?? 1 << 18);
    const body = checked(detectSchema, parseJson(bytes));
    return Response.json(
      { version: 1, results: (await current()).test(body) },
      { headers: PRIVATE },
    );
  };
}

const PRIVATE = { "cache-control": "no-store" };

const TOO_MANY: ApiError = {
  status: 429,
  message: "too many requests; retry after the seconds given",
  type: "rate_limit_error",
  code: "rate_limit_exceeded",
};

/** The marks in force, bound anew only when they are other ones. */
function marksOf({ marks, decoys = "auto" }: DetectionOptions): () => Promise<Marks> {
  if (typeof marks !== "function") {
    const fixed = new Marks(marks, decoys);
    return () => Promise.resolve(fixed);
  }
  let bound: { readonly names: string; readonly marks: Marks } | null = null;
  return async () => {
    const listed = await marks();
    const names = listed.map(({ profile, key }) => `${profile.id} ${key.id}`).join();
    if (bound?.names !== names) bound = { names, marks: new Marks(listed, decoys) };
    return bound.marks;
  };
}
