import type { Context, MiddlewareHandler } from "hono";
import { type WatermarkFetchOptions, watermarkFetch } from "../watermark-fetch.js";

/**
 * Hono middleware: what `watermarkFetch` does, around the handlers that follow it. They see the request as the upstream
 * must get it, however they send it on (`hono/proxy`, a client, the model itself); their answer is labelled and recorded.
 */
export function honoWatermark(options: WatermarkFetchOptions): MiddlewareHandler {
  return async function watermark(c, next) {
    const given = c.req.raw.bodyUsed
      ? new Request(c.req.raw, { method: c.req.method, body: await c.req.arrayBuffer() })
      : c.req.raw;
    const handled = watermarkFetch(async (input, init) => {
      if (input !== given) replaceRequest(c, new Request(input, init));
      await next();
      return c.res;
    }, options);
    const response = await handled(given);
    if (!c.finalized) return response;
    if (response === c.res) return undefined;
    // Hono would put the old answer's headers, the upstream's labels among them, over the new one's.
    c.res = undefined;
    c.res = response;
    return undefined;
  };
}

/** Handlers must not find the client's body in Hono's cache. */
function replaceRequest({ req }: Context, request: Request): void {
  req.raw = request;
  req.bodyCache = {};
}
