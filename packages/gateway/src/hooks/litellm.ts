import type { ScoreJson } from "@verdigris/detector/json";
import * as z from "zod";
import { checked } from "../body.js";
import { type DetectableMark, Marks } from "../detection/marks.js";

/** What is checked of the answers that LiteLLM shows. */
export interface LitellmOptions {
  readonly marks: readonly DetectableMark[];
  /** Chance of a false finding over all marks, for each text. Default 1e-3. */
  readonly alpha?: number;
  /** Decoy keys, as in `DetectOptions`. Default "auto". */
  readonly decoys?: number | "auto";
  /** Told what was found in an answer's texts; `callId` joins it to LiteLLM's own log. */
  readonly checked?: (found: CheckedAnswer) => void;
  /** Answers of at least so many characters that carry none of the marks are refused. Default: none are. */
  readonly refuseUnmarkedFrom?: number;
}

/** An answer's texts, checked. */
export interface CheckedAnswer {
  readonly callId: string | null;
  readonly model: string | null;
  /** For each text, one result a mark. */
  readonly results: readonly (readonly ScoreJson[])[];
}

/** An answer of the contract. */
export type LitellmAnswer =
  | { readonly action: "NONE" }
  | { readonly action: "BLOCKED"; readonly blocked_reason: string };

/** LiteLLM's "generic guardrail API" as version 1.110.2 sends it; fields that are not needed are not read. */
const guardrailSchema = z.looseObject({
  input_type: z.enum(["request", "response"]),
  texts: z.array(z.string()).nullish(),
  litellm_call_id: z.string().nullish(),
  model: z.string().nullish(),
});

/**
 * Checks answers for the marks they should carry. LiteLLM lets a guardrail change texts and not a request's other fields, so the
 * mark cannot be asked for here: LiteLLM's `api_base` must be a gateway that asks for it, or a server that marks.
 */
export function litellmGuardrail(options: LitellmOptions): (body: unknown) => LitellmAnswer {
  const { alpha = 1e-3, refuseUnmarkedFrom = Infinity } = options;
  const marks = new Marks(options.marks, options.decoys ?? "auto");
  return function check(body) {
    const {
      input_type: what,
      texts,
      litellm_call_id: callId,
      model,
    } = checked(guardrailSchema, body);
    if (what === "request") return { action: "NONE" };
    const said = (texts ?? []).filter((text) => text !== "");
    const results = said.map((text) => marks.test({ text, alpha }));
    options.checked?.({ callId: callId ?? null, model: model ?? null, results });
    const isUnmarked = (found: readonly ScoreJson[], i: number): boolean =>
      said[i].length >= refuseUnmarkedFrom && !found.some(({ verdict }) => verdict === "detected");
    return results.some(isUnmarked)
      ? { action: "BLOCKED", blocked_reason: "the answer does not carry the mark it must" }
      : { action: "NONE" };
  };
}
