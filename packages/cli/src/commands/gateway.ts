import { sglangMark, vllmMark } from "@verdigris/gateway";
import { createUpstreamServer } from "@verdigris/gateway/serve";
import { Command, Option } from "commander";
import { type Io, locate } from "../io.js";
import { numberOption } from "../options.js";
import type { Passing } from "../serve/passing.js";
import type { TenantsFile } from "../serve/tenants-file.js";

/** The engines whose own mark is asked for. */
const ENGINES = { vllm: vllmMark, sglang: sglangMark };

interface GatewayOptions {
  readonly upstream: string;
  readonly engine: keyof typeof ENGINES;
  readonly tenants: string;
  readonly host: string;
  readonly port: number;
  readonly patience: number;
  readonly records?: string;
  readonly collected?: string;
}

/** `verdigris gateway`: tenants, policy and records before an engine that marks by itself. */
export function gatewayCommand(io: Io): Command {
  return new Command("gateway")
    .description("stand before an engine that marks by itself: who may ask, whose mark, records")
    .requiredOption("--upstream <url>", "the engine; its own API key is VERDIGRIS_UPSTREAM_KEY")
    .addOption(
      new Option("--engine <name>", "whose mark is asked for")
        .choices(Object.keys(ENGINES))
        .default("vllm"),
    )
    .requiredOption("--tenants <file>", "who may ask, and which marks they get (JSON)")
    .option("--host <address>", "address to listen at", "127.0.0.1")
    .addOption(
      numberOption("--port <n>", "0: any that is free", {
        min: 0,
        max: 65_535,
        whole: true,
      }).default(8080),
    )
    .addOption(
      numberOption("--patience <s>", "seconds for the engine to begin, and between two pieces", {
        min: 1,
        max: 3600,
      }).default(60),
    )
    .option("--records <file>", "append a record of each answer (JSON lines); without its text")
    .option(
      "--collected <dir>",
      "count there what each tenant and group collects, for `monitor`; without any text",
    )
    .action((options: GatewayOptions) => serveGateway(io, options));
}

async function serveGateway(io: Io, options: GatewayOptions): Promise<void> {
  const { upstream, engine, patience, records } = options;
  if (!/^https?:$/.test(URL.parse(upstream)?.protocol ?? "")) {
    throw new TypeError(`--upstream: expected an http or https address, got ${upstream}`);
  }
  const { nodeFetch } = await import("@verdigris/gateway/node");
  const { framed, serveUntilStopped } = await import("../serve/frame.js");
  const { readTenantsFile } = await import("../serve/tenants-file.js");
  const tenants = await readTenantsFile(io, locate(io, options.tenants));
  const { resolveTenant, detection } = tenants;
  const passing = await passingOf(io, options, tenants);
  try {
    const uncounted = passing === null ? {} : { uncounted: passing.lost };
    const { surroundings, beside, close } = await framed(io, { records, ...uncounted });
    const upstreamKey = io.env["VERDIGRIS_UPSTREAM_KEY"] ?? "";
    const mark = ENGINES[engine]();
    const handle = createUpstreamServer({
      ...surroundings,
      upstream,
      ...(upstreamKey === "" ? {} : { upstreamKey }),
      ...(passing === null ? {} : { onPassed: passing.onPassed }),
      fetch: await nodeFetch(),
      markOf: () => mark,
      resolveTenant,
      patienceMs: patience * 1000,
    });
    const drain = (): Promise<void> => Promise.resolve();
    await serveUntilStopped(io, beside(handle, detection), { ...options, drain });
    await close();
  } finally {
    await passing?.close();
  }
}

async function passingOf(
  io: Io,
  { collected }: GatewayOptions,
  tenants: TenantsFile,
): Promise<Passing | null> {
  if (collected === undefined) return null;
  const { countingPassed } = await import("../serve/passing.js");
  return countingPassed(io, collected, tenants);
}
