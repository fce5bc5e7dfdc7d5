import { isObject, type JsonObject } from "../json.js";
import type { UpstreamMark } from "../marks/mark.js";
import type { Stage } from "@verdigris/core";

/** The field that tells our own model to mark; clients' own are gone by then. */
const FIELD = "watermarking";

/** The mark that is made in this process. One that acts after temperature has nothing to act on without sampling. */
export function inProcessMark(stage: Stage): UpstreamMark {
  return {
    name: "in-process",
    needsSampling: stage === "warped-logits",
    grammarFields: [],
    on: (body, endpoint) =>
      endpoint === "chat" || endpoint === "completions" ? { ...body, [FIELD]: true } : null,
    off: (body) => ({ ...body, [FIELD]: false }),
  };
}

/** Whether a body that has passed the policy is to be marked. */
export function asksForMark(body: JsonObject): boolean {
  return isObject(body) && body[FIELD] === true;
}
