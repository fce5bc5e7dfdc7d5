/** What every server of the command has around it: records, figures, errors, a start and an end. */
import { VerdigrisError } from "@verdigris/core";
import type { RecordSink } from "@verdigris/gateway";
import {
  type DetectionOptions,
  type RequestHandler,
  createDetectionHandler,
} from "@verdigris/gateway/detection";
import { FileLedger } from "@verdigris/gateway/ledger";
import { type MetricsOptions, createMetrics } from "@verdigris/gateway/metrics";
import { type Io, locate, tell } from "../io.js";

/** How a server records and tells. */
export interface Surroundings {
  readonly sink: RecordSink;
  readonly failure: "closed";
  readonly newId: () => string;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** Surroundings of a server, and what stands beside its own paths: `/metrics`, and detection where it is asked for. */
export async function framed(
  io: Io,
  options: { readonly records: string | undefined } & MetricsOptions,
): Promise<{
  readonly surroundings: Surroundings;
  beside(handle: RequestHandler, detection: Detection): RequestHandler;
  /** Waits for what is being recorded; nothing is recorded after it. */
  close(): Promise<void>;
}> {
  const metrics = createMetrics(options);
  const records =
    options.records === undefined ? null : await FileLedger.open(locate(io, options.records));
  const surroundings: Surroundings = {
    sink: metrics.counting(records ?? NOWHERE),
    failure: "closed",
    newId: () => globalThis.crypto.randomUUID(),
    now: () => Date.now(),
    onError: (error) => tell(io, `error: ${describe(error)}`),
  };
  return {
    surroundings,
    beside(handle, detection) {
      const { now, onError } = surroundings;
      const detect =
        detection === null ? handle : createDetectionHandler({ ...detection, now, onError });
      return (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/metrics" && request.method === "GET") return metrics.handle(request);
        const isDetection = pathname === "/v1/detect" || pathname === "/openapi.json";
        return isDetection ? detect(request) : handle(request);
      };
    },
    close: async () => records?.close(),
  };
}

/** Marks and clients of the detection endpoint; null for none. */
export type Detection = Pick<DetectionOptions, "marks" | "clients"> | null;

/** Listens until the process is asked to end; then `drain`, then the end of all connections. */
export async function serveUntilStopped(
  io: Io,
  handle: RequestHandler,
  options: {
    readonly host: string;
    readonly port: number;
    readonly drain: () => Promise<void>;
  },
): Promise<void> {
  const { listen } = await import("./listen.js");
  const http = await listen(handle, options);
  tell(io, `listening on ${http.url}`);
  await io.stopped();
  tell(io, "stopping");
  await options.drain();
  await http.close();
}

const NOWHERE: RecordSink = { write() {} };

function describe(error: unknown): string {
  if (error instanceof VerdigrisError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
