import { type JsonObject, isObject } from "../json.js";
import type { UpstreamMark } from "./mark.js";

/**
 * TGI's own mark (`parameters.watermark` of /generate; its chat endpoint has no such field). Its key is the same public
 * number in every installation, so anybody can find the mark, and forge it.
 */
export function tgiMark(): UpstreamMark {
  const set = (body: JsonObject, watermark: boolean): JsonObject => ({
    ...body,
    parameters: { ...(isObject(body.parameters) ? body.parameters : {}), watermark },
  });
  return {
    name: "tgi",
    needsSampling: false,
    grammarFields: ["grammar"],
    on: (body, endpoint) => (endpoint === "generate" ? set(body, true) : null),
    off: (body, endpoint) => (endpoint === "generate" ? set(body, false) : body),
  };
}
