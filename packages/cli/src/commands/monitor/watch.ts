import { setTimeout as sleep } from "node:timers/promises";
import { type MonitorResult, alertLine, monitorFormats } from "../../formats/monitor.js";
import type { Alert } from "../../formats/monitor-schema.js";
import { type Io, print, tell } from "../../io.js";
import { listen } from "../../serve/listen.js";

/** How to watch. */
interface WatchOptions {
  /** Seconds between two looks. */
  readonly every: number;
  readonly host: string;
  /** Where `/metrics` is served; nowhere if it is undefined. */
  readonly port?: number;
}

/**
 * Looks again and again until the process is asked to end, and prints alerts as they begin and end. A look that fails is
 * told, and tried again; the first one must not.
 */
export async function watch(
  io: Io,
  look: () => Promise<MonitorResult>,
  { every, host, port }: WatchOptions,
): Promise<void> {
  let last = await look();
  let known = await printChange(io, new Map(), last.alerts);
  const http =
    port === undefined
      ? null
      : await listen(
          metrics(() => last),
          { host, port },
        );
  if (http !== null) tell(io, `listening on ${http.url}`);
  const stopped = new AbortController();
  const stop = io.stopped().then(() => stopped.abort());
  while (!stopped.signal.aborted) {
    await sleep(1000 * every, null, { signal: stopped.signal }).catch(() => null);
    if (stopped.signal.aborted) break;
    try {
      last = await look();
      known = await printChange(io, known, last.alerts);
    } catch (error) {
      tell(io, `error: ${(error as Error).message}`);
    }
  }
  await stop;
  await http?.close();
}

function metrics(last: () => MonitorResult): Parameters<typeof listen>[0] {
  return async (request) => {
    if (new URL(request.url).pathname !== "/metrics") return new Response(null, { status: 404 });
    let text = "";
    for await (const piece of monitorFormats.prometheus(last())) text += piece;
    return new Response(text, {
      headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
    });
  };
}

/** The alerts that hold now, by what they are about. */
async function printChange(
  io: Io,
  before: ReadonlyMap<string, Alert>,
  alerts: readonly Alert[],
): Promise<ReadonlyMap<string, Alert>> {
  const now = new Map(
    alerts.map((alert) => {
      const { alert: rule, group, profile, tenant } = alert;
      return [JSON.stringify([rule, group, profile, tenant]), alert];
    }),
  );
  const begun = [...now].filter(([name]) => !before.has(name));
  const over = [...before].filter(([name]) => !now.has(name));
  for (const [, alert] of begun) await print(io, alertLine("alert", alert));
  for (const [, alert] of over) await print(io, alertLine("over", alert));
  return now;
}
