import { parseJson, readBytes } from "../body.js";
import { type ApiClient, Clients } from "../detection/access.js";
import { errorResponse } from "../errors.js";
import { isObject } from "../json.js";
import { type RequestHandler, UNKNOWN_CALLER, healthRoutes, routed } from "../routes.js";
import { type LitellmOptions, litellmGuardrail } from "./litellm.js";
import { type PortkeyHandler, type PortkeyOptions, portkeyPlugin } from "./portkey.js";

/** Which gateways are answered, and whose word is taken. */
export interface SidecarOptions {
  /** The gateways, each with the SHA-256 of its API key: a bearer token, or LiteLLM's `x-api-key`. */
  readonly clients: readonly ApiClient[];
  readonly portkey?: PortkeyOptions;
  readonly litellm?: LitellmOptions;
  /** Longest body, in bytes. Default 4,194,304: Portkey sends a request and its answer. */
  readonly longestBody?: number;
  readonly onError?: (error: unknown) => void;
}

/**
 * A server beside a gateway of somebody else: `POST /hooks/portkey` answers Portkey's `default.webhook`,
 * `POST /beta/litellm_basic_guardrail_api` LiteLLM's generic guardrail. Web standards only.
 */
export function createSidecar(options: SidecarOptions): RequestHandler {
  const clients = new Clients(options.clients);
  const { portkey, litellm, onError, longestBody = 1 << 22 } = options;
  const answering =
    (answer: (body: unknown, headers: Headers) => unknown): RequestHandler =>
    async (request) => {
      const { headers } = request;
      const given = headers.get("authorization") ?? `Bearer ${headers.get("x-api-key") ?? ""}`;
      if (clients.find(given) === null) {
        return errorResponse(UNKNOWN_CALLER, { "www-authenticate": "Bearer" });
      }
      const body = parseJson(await readBytes(request, longestBody));
      return Response.json(await answer(body, headers));
    };
  return routed(
    {
      ...healthRoutes(() => true),
      ...(portkey === undefined
        ? {}
        : { "/hooks/portkey": { POST: answering(webhook(portkeyPlugin(portkey))) } }),
      ...(litellm === undefined
        ? {}
        : { "/beta/litellm_basic_guardrail_api": { POST: answering(litellmGuardrail(litellm)) } }),
    },
    onError,
  );
}

/** Portkey's webhook sends a plugin's context, with the name of the event; its configured headers are the request's own. */
function webhook(handler: PortkeyHandler): (body: unknown, headers: Headers) => Promise<unknown> {
  return async (body, headers) => {
    const context = isObject(body) ? body : {};
    const parameters = { headers: Object.fromEntries(headers) };
    const isAfter = context.eventType === "afterRequestHook";
    return handler(context, parameters, isAfter ? "afterRequestHook" : "beforeRequestHook");
  };
}
