import { basename } from "node:path";
import type { Random } from "@verdigris/core";
import {
  type ModelServer,
  type ResolveTenant,
  type Tenant,
  createModelServer,
} from "@verdigris/gateway/serve";
import { Command, type Option } from "commander";
import { keyMismatch, readKey, readProfile } from "../files.js";
import { type Io, locate, tell } from "../io.js";
import { keyFileOption, numberOption } from "../options.js";
import type { Collecting } from "../serve/collecting.js";
import type { TenantsFile } from "../serve/tenants-file.js";

interface ServeOptions {
  readonly model: string;
  readonly modelId?: string;
  readonly tenants?: string;
  readonly profile?: string;
  readonly keyFile?: string;
  readonly host: string;
  readonly port: number;
  readonly sequences: number;
  readonly context: number;
  readonly waiting: number;
  readonly maxTokens?: number;
  readonly candidates: number;
  readonly threads: number;
  readonly records?: string;
  readonly collected?: string;
  readonly unmarked: boolean;
  readonly grace: number;
}

/** `verdigris serve`: an OpenAI-compatible server whose answers are marked. */
export function serveCommand(io: Io): Command {
  const command = new Command("serve")
    .description(
      "serve a language model as OpenAI's API does, with each tenant's mark in its answers",
    )
    .requiredOption("--model <file>", "model (GGUF), run by node-llama-cpp")
    .option("--model-id <name>", "the model's name for clients; default: the file's, without .gguf")
    .option("--tenants <file>", "who may ask, and which marks they get (JSON)")
    .option("--profile <file>", "profile of the one mark for all who ask; instead of --tenants")
    .addOption(keyFileOption())
    .option("--host <address>", "address to listen at", "127.0.0.1")
    .addOption(whole("--port <n>", "0: any that is free", [0, 65_535]).default(8080))
    .option("--records <file>", "append a record of each answer (JSON lines); without its text")
    .option(
      "--collected <dir>",
      "count there what each tenant and group collects, for `monitor`; without any text",
    )
    .option("--unmarked", "mark no answer, whatever the tenant: to compare with", false);
  return withLimits(command).action((options: ServeOptions) => serveModel(io, options));
}

function withLimits(command: Command): Command {
  return command
    .addOption(whole("--sequences <n>", "answers written at once", [1, 256]).default(8))
    .addOption(whole("--context <n>", "tokens of prompt and answer", [64, 1 << 20]).default(2048))
    .addOption(whole("--waiting <n>", "requests that may wait; else 503", [0, 65_536]).default(64))
    .addOption(whole("--max-tokens <n>", "longest answer; default: the context", [1, 1 << 20]))
    .addOption(
      whole("--candidates <n>", "most likely tokens to draw from", [1, 65_536]).default(100),
    )
    .addOption(whole("--threads <n>", "threads of the engine", [1, 256]).default(1))
    .addOption(
      whole("--grace <s>", "seconds for running answers, at the end", [0, 3600]).default(30),
    );
}

function whole(flags: string, text: string, range: readonly [number, number]): Option {
  const [min, max] = range;
  return numberOption(flags, text, { min, max, whole: true });
}

async function serveModel(io: Io, options: ServeOptions): Promise<void> {
  const { framed, serveUntilStopped } = await import("../serve/frame.js");
  const served = await readServed(io, options);
  const { sequences, context: contextSize, candidates, threads, records, grace } = options;
  const modelPath = locate(io, options.model);
  const model = await io.openModel({ modelPath, sequences, contextSize, candidates, threads });
  try {
    const load = (): ReturnType<ModelServer["load"]> => server.load();
    const collecting = await collectingOf(io, options);
    const uncounted = collecting === null ? {} : { uncounted: collecting.lost };
    const { surroundings, beside, close } = await framed(io, { records, load, ...uncounted });
    const server = createModelServer({
      ...surroundings,
      ...(collecting === null ? {} : { onAnswer: collecting.onAnswer }),
      model,
      modelId: options.modelId ?? basename(options.model).replace(/\.gguf$/i, ""),
      resolveTenant: options.unmarked ? unmarked(served.resolveTenant) : served.resolveTenant,
      random: (seed) => randomFor(seed, served.stream),
      waiting: options.waiting,
      ...(options.maxTokens === undefined ? {} : { maxTokens: options.maxTokens }),
    });
    const drain = (): Promise<void> => server.close(AbortSignal.timeout(grace * 1000));
    await serveUntilStopped(io, beside(server.handle, served.detection), { ...options, drain });
    await collecting?.close();
    await close();
  } finally {
    await model.dispose();
  }
}

async function collectingOf(io: Io, { collected }: ServeOptions): Promise<Collecting | null> {
  if (collected === undefined) return null;
  const { collectingIn } = await import("../serve/collecting.js");
  return collectingIn(io, collected);
}

/** The same tenants, all of them machines: policy leaves their answers unmarked, and says so. */
function unmarked(resolve: ResolveTenant): ResolveTenant {
  return async (request) => {
    const tenant = await resolve(request);
    return tenant === null ? null : { ...tenant, machineToMachine: true };
  };
}

/** Who is served, and the experiment-grade generator for their seeds. */
type Served = Pick<TenantsFile, "resolveTenant" | "detection"> & {
  readonly stream: (...names: readonly (string | number)[]) => Random;
};

async function readServed(io: Io, options: ServeOptions): Promise<Served> {
  const { randomStream: stream } = await import("@verdigris/survival");
  if ((options.tenants === undefined) === (options.profile === undefined)) {
    throw new TypeError("serve: expected either --tenants FILE or --profile FILE");
  }
  if (options.tenants !== undefined) {
    const { readTenantsFile } = await import("../serve/tenants-file.js");
    return { stream, ...(await readTenantsFile(io, locate(io, options.tenants))) };
  }
  const tenant = await onlyTenant(io, options);
  if (!/^(127\.|localhost$|::1$)/.test(options.host)) {
    tell(io, "warning: whoever reaches this address may ask: --tenants FILE lets only known ones");
  }
  return { stream, resolveTenant: () => tenant, detection: null };
}

async function onlyTenant(io: Io, { profile: path = "", keyFile }: ServeOptions): Promise<Tenant> {
  const { digestOf } = await import("@verdigris/survival");
  const profile = await readProfile(locate(io, path));
  const key = await readKey(io, profile, keyFile);
  const mismatch = keyMismatch(profile, key);
  if (mismatch !== null) throw new TypeError(`key: ${mismatch}`);
  return { name: "all", profile, digest: digestOf(profile), key };
}

function randomFor(seed: number | null, stream: Served["stream"]): Random {
  const fresh = (): string => globalThis.crypto.getRandomValues(new BigUint64Array(2)).join(" ");
  return stream("serve", seed ?? `unseeded ${fresh()}`);
}
