import type { UpstreamMark } from "./mark.js";

/** What is sent with each request; without them the engine uses its own. */
export interface SglangMarkOptions {
  /** Secret, 1 to 16 hex digits: goes to the upstream in the body and nowhere else. */
  readonly key?: string;
  /** Tokens of context, 1 to 64. */
  readonly contextWindow?: number;
}

/**
 * SGLang's own mark (0.5.23: `--enable-watermark`, request object `watermark`), with a key of the tenant if one is given.
 * @throws RangeError for a key or a window that SGLang would refuse
 */
export function sglangMark({ key, contextWindow }: SglangMarkOptions = {}): UpstreamMark {
  if (key !== undefined && !/^[0-9a-f]{1,16}$/i.test(key)) {
    throw new RangeError(`key: expected 1 to 16 hex digits, got ${key.length} characters`);
  }
  const isWindow = contextWindow === undefined || (contextWindow >= 1 && contextWindow <= 64);
  if (!isWindow || !Number.isInteger(contextWindow ?? 1)) {
    throw new RangeError(
      `contextWindow: expected a whole number from 1 to 64, got ${contextWindow}`,
    );
  }
  const watermark = {
    enabled: true,
    ...(key === undefined ? {} : { key }),
    ...(contextWindow === undefined ? {} : { context_window: contextWindow }),
  };
  return {
    name: "sglang",
    needsSampling: true,
    grammarFields: ["json_schema", "regex", "ebnf", "structural_tag"],
    on: (body, endpoint) => (endpoint === "responses" ? null : { ...body, watermark }),
    off: (body, endpoint) =>
      endpoint === "responses" ? body : { ...body, watermark: { enabled: false } },
  };
}
