import { Command } from "commander";
import type { MonitorFormat, MonitorResult } from "../../formats/monitor.js";
import { type Io, locate, print } from "../../io.js";
import { formatOption, numberOption } from "../../options.js";
import type { MonitorConfig } from "./config.js";

/** Exit code where an alert holds. */
const ALERT = 1;

/** Those of `monitorFormats`, which is loaded on demand: it brings the laboratory. */
const FORMATS = ["text", "json", "jsonl", "prometheus"] as const satisfies readonly MonitorFormat[];

interface MonitorOptions {
  readonly config: string;
  readonly format: MonitorFormat;
  readonly every?: number;
  readonly host: string;
  readonly port?: number;
}

/** `verdigris monitor`: who collects how much, and when a model trained on it would be found out. */
export function monitorCommand(io: Io, finish: (exitCode: number) => void): Command {
  return new Command("monitor")
    .description(
      "tell from what `--collected` of a server counted who collects much, and what that would show",
    )
    .requiredOption("--config <file>", "directories, forecast and alerts (JSON)")
    .addOption(formatOption(FORMATS))
    .addOption(
      numberOption("--every <s>", "look again so often, and print alerts as they begin and end", {
        min: 1,
        max: 86_400,
      }),
    )
    .option("--host <address>", "address to listen at", "127.0.0.1")
    .addOption(
      numberOption("--port <n>", "with --every: serve /metrics there; 0: any that is free", {
        min: 0,
        max: 65_535,
        whole: true,
      }),
    )
    .addHelpText("after", "\nExit codes: 0 no alert holds, 1 one does, 2 usage or input.")
    .action(async (options: MonitorOptions) => finish(await monitor(io, options)));
}

async function monitor(io: Io, options: MonitorOptions): Promise<number> {
  const { readMonitorConfig } = await import("./config.js");
  const config = await readMonitorConfig(locate(io, options.config));
  if (options.every === undefined) {
    if (options.port !== undefined) throw new TypeError("--port: expected --every with it");
    const look = await lookerAt(io, config);
    const { monitorFormats } = await import("../../formats/monitor.js");
    const result = await look();
    for await (const piece of monitorFormats[options.format](result)) await print(io, piece);
    return result.alerts.length > 0 ? ALERT : 0;
  }
  if (options.format !== "text" && options.format !== "jsonl") {
    throw new TypeError(`--every: expected --format jsonl with it, got ${options.format}`);
  }
  const { watch } = await import("./watch.js");
  await watch(io, await lookerAt(io, config), { ...options, every: options.every });
  return 0;
}

/** A look at all collections; the auditor's texts are read once. */
async function lookerAt(io: Io, config: MonitorConfig): Promise<() => Promise<MonitorResult>> {
  const { Forecaster } = await import("./forecaster.js");
  const { surveyGroups } = await import("./survey.js");
  const { alertsOf } = await import("./alerts.js");
  const { forecast, collected, alerts, locate: find } = config;
  const forecaster = forecast === undefined ? null : await Forecaster.open(io, forecast, find);
  return async () => {
    const groups = await surveyGroups(collected.map(find), forecaster);
    return { groups, alerts: alertsOf(groups, alerts), student: forecaster?.student.name ?? null };
  };
}
