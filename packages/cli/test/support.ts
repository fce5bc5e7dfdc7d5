/** What the tests of the command share: a temporary folder, a key, a profile, marked and unmarked text. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  type Candidates,
  Key,
  type LanguageModel,
  type Profile,
  type Tokens,
  bindScheme,
  parseProfile,
} from "@verdigris/core";
import { randomStream } from "@verdigris/survival";
import { readTokenizer } from "@verdigris/text";
import { generate } from "@verdigris/watermark";
import type { LlamaLanguageModel } from "@verdigris/watermark/node-llama-cpp";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, expect } from "vitest";
import type { Io } from "../src/io.js";
import { run } from "../src/main.js";

export const TOKENIZER = fileURLToPath(
  new URL("../../../fixtures/models/smollm2/tokenizer.json", import.meta.url),
);

/** A key of this test run only. */
export const KEY_HEX = createHash("sha256").update("a key of the tests").digest("hex");
export const KEY = Key.fromText(KEY_HEX);

const folder = mkdtempSync(join(tmpdir(), "verdigris-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

export function inFolder(name: string): string {
  return join(folder, name);
}

export function file(name: string, content: string | Uint8Array, mode = 0o600): string {
  writeFileSync(inFolder(name), content, { mode });
  return inFolder(name);
}

export function profileWith(
  change: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    id: "test-h2",
    version: 1,
    scheme: "green-list",
    parameters: { gamma: 0.25, delta: 4 },
    prf: "chacha8-v1",
    V: 49_152,
    tokenizer: {
      id: "smollm2",
      sha256: createHash("sha256").update(readFileSync(TOKENIZER)).digest("hex"),
    },
    h: 2,
    seeding: "left",
    promptRule: "exclude-windows",
    specialTokens: Array.from({ length: 17 }, (_, id) => id),
    validFrom: null,
    validTo: null,
    keyId: null,
    ...change,
  };
}

export const PROFILE: Profile = parseProfile(profileWith());
export const profilePath = file("profile.json", JSON.stringify(PROFILE));
export const keyPath = file("key.txt", `${KEY_HEX}\n`);

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command has around it here: an empty input, no environment, no model, and a wish to end at once. */
function ioOf(change: Pick<Io, "stdout" | "stderr"> & Partial<Io>): Io {
  return {
    stdin: chunks(),
    env: {},
    cwd: folder,
    openModel: () => Promise.reject(new Error("this test opens no model")),
    stopped: () => Promise.resolve(),
    ...change,
  };
}

/** Runs one command in this process, and checks that it told nobody the key. */
export async function cli(args: readonly string[], change: Partial<Io> = {}): Promise<Outcome> {
  const stdout = new Sink();
  const stderr = new Sink();
  const code = await run(args, ioOf({ stdout, stderr, ...change }));
  const said = `${stdout.text}${stderr.text}`.toLowerCase();
  for (let i = 0; i + 16 <= 64; i += 8) expect(said).not.toContain(KEY_HEX.slice(i, i + 16));
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** `score` with the tests' profile, key and tokenizer. */
export function score(...args: readonly string[]): Promise<Outcome> {
  const fixed = ["--profile", profilePath, "--key-file", keyPath, "--tokenizer", TOKENIZER];
  return cli(["score", ...fixed, ...args]);
}

/** Collects what is written. */
export class Sink extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}

export async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

export const tokenizer = await readTokenizer(TOKENIZER);

/** Tokens that are whole words: their text has the same tokens again. */
const WORDS = Uint32Array.from({ length: tokenizer.vocabularySize }, (_, id) => id)
  .filter((id) => !tokenizer.specialTokens.has(id))
  .filter((id) => /^ [a-z]{3,}$/.test(new TextDecoder().decode(tokenizer.bytes(id))))
  .slice(0, 4000);

/** A model that proposes 64 random words at each step. */
export function wordModel(seed: string): LanguageModel {
  return {
    vocabularySize: 49_152,
    endTokens: new Set([2]),
    start() {
      const random = randomStream(seed);
      return {
        next(): Candidates {
          const from = Math.floor(random.next() * (WORDS.length - 64));
          const ids = WORDS.slice(from, from + 64);
          return { ids, logits: Float32Array.from(ids, () => 2 * random.next()) };
        },
        push(): void {},
        end(): void {},
      };
    },
  };
}

/** The model of words as a GGUF would be opened: `verdigris serve` and `mark` take it. */
function openWords(seed: string): Io["openModel"] {
  return async () =>
    ({
      ...wordModel(seed),
      sequences: 4,
      contextSize: 512,
      encode: (prompt: string) => tokenizer.encode(prompt),
      decode: (tokens) => tokenizer.decode(tokens),
      chat: ([message]) => tokenizer.encode(message.content),
      async dispose() {},
    }) satisfies LlamaLanguageModel;
}

/** A server of the command, in this process. */
export interface Running {
  readonly url: string;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly stop: () => void;
  readonly code: Promise<number>;
}

/** Runs a command that serves, until it listens. */
export async function started(args: readonly string[], change: Partial<Io> = {}): Promise<Running> {
  const [stdout, stderr] = [new Sink(), new Sink()];
  let stop = (): void => {};
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  const code = run(args, ioOf({ stdout, stderr, stopped: () => stopped, ...change }));
  for (;;) {
    const url = /listening on (\S+)/.exec(stderr.text)?.[1];
    if (url !== undefined) return { url, stdout, stderr, stop, code };
    const ended = await Promise.race([code, sleep(5)]);
    if (ended !== undefined) throw new Error(`exit code ${ended}: ${stderr.text}`);
  }
}

/** `verdigris serve` over the model of words; whoever asks is the one tenant, unless the options name others. */
export async function serveWords(
  seed: string,
  ...options: readonly string[]
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const anybody = ["--profile", profilePath, "--key-file", keyPath];
  const tenants = options.includes("--tenants") ? [] : anybody;
  const args = ["serve", "--model", "words.gguf", "--port", "0", ...tenants, ...options];
  const { url, stop, code } = await started(args, { openModel: openWords(seed) });
  return {
    url: `${url}/v1`,
    async stop() {
      stop();
      await code;
    },
  };
}

/** Marked answers of a few stock sentences: their windows repeat, as those of a provider's answers do. */
export async function stockAnswers(count: number): Promise<readonly Tokens[]> {
  const sentences = await Promise.all(
    Array.from({ length: 40 }, (_, i) => words(`sentence ${i}`, 30, { key: KEY })),
  );
  return Array.from({ length: count }, (_, i) =>
    Uint32Array.from([0, 1, 2].flatMap((k) => [...sentences[(i * (3 + k) + 7 * k) % 40]])),
  );
}

/** Words of the model, marked with a key unless it is null. */
export function words(
  seed: string,
  maxTokens: number,
  mark: { readonly key: Key | null; readonly profile?: Profile } = { key: KEY },
): Promise<Tokens> {
  const scheme = mark.key === null ? null : bindScheme(mark.profile ?? PROFILE, mark.key);
  return generate(wordModel(seed), Uint32Array.from([500, 600]), {
    scheme,
    random: randomStream(seed, "draw"),
    maxTokens,
  });
}

export async function text(
  seed: string,
  maxTokens: number,
  mark?: { readonly key: Key | null },
): Promise<string> {
  return tokenizer.decode(await words(seed, maxTokens, mark));
}

/** Records as the lines of a JSONL file. */
export function jsonl(...records: readonly unknown[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}

/** Records of strings as a Parquet file. */
export function parquetTable(records: readonly Readonly<Record<string, string>>[]): Uint8Array {
  const columnData = Object.keys(records[0]).map((name) => ({
    name,
    data: records.map((record) => record[name]),
    type: "STRING" as const,
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}
