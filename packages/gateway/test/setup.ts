/** A gateway before an upstream, with what it recorded. */
import type { Ended, Policy, RecordSink, Started, WatermarkFetchOptions } from "../src/index.js";
import { vllmMark, watermarkFetch } from "../src/index.js";

export const POLICY: Policy = {
  mark: vllmMark(),
  profile: { id: "vllm-gumbel", digest: "d".repeat(64) },
  keyId: "0123456789abcdef",
  tenant: "acme",
};

/** A sink that keeps what it is given. */
export class MemorySink implements RecordSink {
  readonly started: Started[] = [];
  readonly ended: Ended[] = [];

  write(entry: Started | Ended): void {
    if (entry.kind === "started") this.started.push(entry);
    else this.ended.push(entry);
  }
}

export interface Gateway {
  readonly fetch: typeof fetch;
  readonly sink: MemorySink;
  readonly errors: unknown[];
}

/** A gateway whose records are r1, r2, … and whose clock counts its readings. */
export function gateway(options: Partial<WatermarkFetchOptions> = {}, inner = fetch): Gateway {
  const [sink, errors] = [new MemorySink(), [] as unknown[]];
  let [ids, time] = [0, 0];
  const marked = watermarkFetch(inner, {
    policy: POLICY,
    sink,
    failure: "open",
    newId: () => `r${++ids}`,
    now: () => ++time,
    onError: (error) => errors.push(error),
    ...options,
  });
  return { fetch: marked, sink, errors };
}

/** A chat request's arguments of `fetch`. */
export function chat(body: unknown, init: RequestInit = {}): RequestInit {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { method: "POST", headers: { "content-type": "application/json" }, body: text, ...init };
}
