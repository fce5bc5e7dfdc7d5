/** What is written down of each answer: enough for an audit, and neither text nor key. */
import type { SkipReason } from "./policy.js";
import type { Endpoint } from "./marks/mark.js";
import type { ChoiceRecord } from "./stream/transcript.js";

/** Whether the upstream was asked to mark. That it did is for detection to show. */
export type MarkStatus =
  | { readonly kind: "applied" }
  | { readonly kind: "skipped"; readonly reason: SkipReason };

/** The status in a header. */
export function statusLabel(status: MarkStatus): string {
  return status.kind === "applied" ? "applied" : `skipped;reason=${status.reason}`;
}

/** Written before the request goes to the upstream. */
export interface Started {
  readonly kind: "started";
  readonly record: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly endpoint: Endpoint;
  readonly model: string | null;
  readonly status: MarkStatus;
  /** Null where no policy was found. */
  readonly tenant: string | null;
  readonly profile: { readonly id: string; readonly digest: string } | null;
  readonly keyId: string | null;
}

/** Written when the answer has passed, or cannot any more. */
export interface Ended {
  readonly kind: "ended";
  readonly record: string;
  readonly at: number;
  /** `refused`: the upstream answered with an error. `failed`: it did not answer. */
  readonly outcome: "complete" | "cut" | "refused" | "failed";
  /** The upstream's; null if it did not answer. */
  readonly httpStatus: number | null;
  /** Id the upstream gave the answer. */
  readonly upstreamId: string | null;
  /** Tokens of all choices together, where the upstream counted them. */
  readonly completionTokens: number | null;
  readonly choices: readonly ChoiceRecord[];
}

/** Where records go. The same `record` joins the two of one answer. */
export interface RecordSink {
  write(entry: Started | Ended): void | Promise<void>;
}
