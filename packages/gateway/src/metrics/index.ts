/** Figures for Prometheus, without a tenant, a profile or a text in them. */
import { Counter, Gauge, Registry } from "prom-client";
import type { Ended, RecordSink, Started } from "../record.js";
import type { RequestHandler } from "../routes.js";

export { type Figure, gaugesText } from "./gauges.js";

/** What is read when somebody asks. */
export interface MetricsOptions {
  /** Answers being written and waiting to be, where this process writes them. */
  readonly load?: () => { readonly running: number; readonly waiting: number };
  /** Answers that the collection monitor did not count, where there is one. */
  readonly uncounted?: () => number;
}

/** The figures of one server. */
export interface Metrics {
  /** `GET /metrics`, in Prometheus' text format. */
  readonly handle: RequestHandler;
  /** The sink, with what passes counted: answers, tokens, records that were lost. */
  counting(sink: RecordSink): RecordSink;
}

/** Figures in a registry of their own. */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  const figures = figuresIn(registry);
  const { load, uncounted } = options;
  if (load !== undefined) registry.registerMetric(loadGauge(load));
  if (uncounted !== undefined) registry.registerMetric(uncountedGauge(uncounted));
  return {
    async handle() {
      const headers = { "content-type": registry.contentType };
      return new Response(await registry.metrics(), { headers });
    },
    counting: (sink) => ({
      async write(entry) {
        count(figures, entry);
        try {
          await sink.write(entry);
        } catch (error) {
          figures.lost.inc();
          throw error;
        }
      },
    }),
  };
}

type Figures = ReturnType<typeof figuresIn>;

function figuresIn(
  registry: Registry,
): Readonly<Record<"answers" | "ends" | "tokens" | "lost", Counter>> {
  const counter = (name: string, help: string, labelNames: readonly string[] = []): Counter =>
    new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });
  return {
    answers: counter(
      "verdigris_answers_total",
      "Answers begun, by endpoint and by whether the mark was asked for, or why not.",
      ["endpoint", "status"],
    ),
    ends: counter("verdigris_answers_ended_total", "Answers ended, by how.", ["outcome"]),
    tokens: counter(
      "verdigris_completion_tokens_total",
      "Tokens of answers, where they were counted.",
    ),
    lost: counter("verdigris_records_lost_total", "Records that could not be written."),
  };
}

function count({ answers, ends, tokens }: Figures, entry: Started | Ended): void {
  if (entry.kind === "started") {
    const { endpoint, status } = entry;
    answers.inc({ endpoint, status: status.kind === "applied" ? "applied" : status.reason });
  } else {
    ends.inc({ outcome: entry.outcome });
    tokens.inc(entry.completionTokens ?? 0);
  }
}

function loadGauge(load: NonNullable<MetricsOptions["load"]>): Gauge {
  return new Gauge({
    name: "verdigris_requests",
    help: "Requests being answered, and waiting to be.",
    labelNames: ["state"],
    registers: [],
    collect() {
      const { running, waiting } = load();
      this.set({ state: "running" }, running);
      this.set({ state: "waiting" }, waiting);
    },
  });
}

function uncountedGauge(uncounted: NonNullable<MetricsOptions["uncounted"]>): Gauge {
  return new Gauge({
    name: "verdigris_answers_uncounted",
    help: "Answers that are missing from the collections, because they could not be read or written.",
    registers: [],
    collect() {
      this.set(uncounted());
    },
  });
}
