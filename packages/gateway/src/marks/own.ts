import type { Stage } from "@verdigris/core";
import type { JsonObject } from "../json.js";
import type { UpstreamMark } from "./mark.js";

/** The field that tells our own code behind `watermarkFetch` to mark; clients' own are gone by then. */
const FIELD = "watermarking";

/**
 * The mark that is made here, behind `watermarkFetch`: by `createModelServer`, or `selectionFetch`. One that acts after
 * temperature has nothing to act on without sampling.
 */
export function ownMark(stage: Stage): UpstreamMark {
  return {
    name: "own",
    needsSampling: stage === "warped-logits",
    grammarFields: [],
    on: (body, endpoint) =>
      endpoint === "chat" || endpoint === "completions" ? { ...body, [FIELD]: true } : null,
    off: (body) => ({ ...body, [FIELD]: false }),
  };
}

/** Whether a body that has passed the policy is to be marked. */
export function asksForMark(body: JsonObject): boolean {
  return body[FIELD] === true;
}
