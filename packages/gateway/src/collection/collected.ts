/** What one account, or everybody of a group under one key, has collected: counts and sketches, never text. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { VerdigrisError, parseWith } from "@verdigris/core";
import { DistinctCount, ServingSketch, type WindowHashes } from "@verdigris/detector";
import * as z from "zod";
import type { EmptySketch, Hashing } from "./hashing.js";

const scopeSchema = z.strictObject({
  group: z.string(),
  profile: z.strictObject({ id: z.string(), digest: z.string(), h: z.int().min(0).max(8) }),
  by: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("key"), keyId: z.string() }),
    z.strictObject({ kind: z.literal("tenant"), tenant: z.string() }),
  ]),
});

/** Whose answers, under which profile: all of a group's under one key, or one tenant's under any. */
export type CollectionScope = Readonly<z.infer<typeof scopeSchema>>;

const count = z.number().min(0);
const bytes = z.base64().transform((text) => new Uint8Array(Buffer.from(text, "base64")));
const headSchema = z.strictObject({
  version: z.literal(1),
  salt: z
    .string()
    .describe("Public id of the salt: hashes under different ones say nothing of each other."),
  scope: scopeSchema,
  volume: z.strictObject({
    answers: count,
    tokens: count,
    markedAnswers: count,
    markedTokens: count,
    promptWindows: count,
    scored: count.describe("Positions scored when the answers were given out."),
    excess: z.number().describe("Sum of their scores over what unmarked text would have."),
  }),
  prompts: bytes,
  windows: bytes,
});

/** Sums over answers. */
export type Volume = Readonly<z.infer<typeof headSchema>["volume"]>;

/** An answer that was given out, as far as it is remembered. */
export interface HashedAnswer {
  readonly tokens: number;
  readonly prompt: WindowHashes;
  /** Null for an answer without a mark. */
  readonly marked: {
    readonly windows: WindowHashes;
    readonly scored: number;
    readonly excess: number;
  } | null;
}

/** A collection. Those of one scope can be merged, and so can those of a group's keys. */
export class Collected {
  readonly scope: CollectionScope;
  /** How often each window was served under the key; null for a tenant's. */
  readonly sketch: ServingSketch | null;
  /** Different windows of prompts, and of marked answers. */
  readonly prompts: DistinctCount;
  readonly windows: DistinctCount;
  #volume: Volume;
  /** Public id of the salt. */
  readonly salt: string;

  private constructor(
    scope: CollectionScope,
    parts: Pick<Collected, "sketch" | "prompts" | "windows" | "volume" | "salt">,
  ) {
    this.scope = scope;
    [this.sketch, this.prompts, this.windows] = [parts.sketch, parts.prompts, parts.windows];
    [this.#volume, this.salt] = [parts.volume, parts.salt];
  }

  /** One that is still empty. */
  static of(scope: CollectionScope, hashing: Hashing): Collected {
    const sketch = scope.by.kind === "key" ? hashing.sketch(scope.profile.h) : null;
    const [prompts, windows] = [new DistinctCount(), new DistinctCount()];
    return new Collected(scope, { sketch, prompts, windows, volume: NOTHING, salt: hashing.id });
  }

  get volume(): Volume {
    return this.#volume;
  }

  add({ tokens, prompt, marked }: HashedAnswer): void {
    this.prompts.add(prompt);
    if (marked !== null) {
      this.windows.add(marked.windows);
      this.sketch?.addHashes(marked.windows);
    }
    this.#volume = sum(this.#volume, {
      answers: 1,
      tokens,
      markedAnswers: marked === null ? 0 : 1,
      markedTokens: marked === null ? 0 : tokens,
      promptWindows: prompt.seedLo.length,
      scored: marked?.scored ?? 0,
      excess: marked?.excess ?? 0,
    });
  }

  /** Adds another collection. @throws RangeError for hashes under another salt, or a sketch of another shape */
  merge(other: Collected): void {
    if (other.salt !== this.salt) throw new RangeError("salt: expected that of the others");
    if (other.sketch !== null) this.sketch?.merge(other.sketch);
    this.prompts.merge(other.prompts);
    this.windows.merge(other.windows);
    this.#volume = sum(this.#volume, other.#volume);
  }

  /** A line of JSON, and the sketch if there is one, in pieces of some .1 ms of work each. Nothing may be added meanwhile. */
  *pieces(): Generator<Uint8Array, void, undefined> {
    const [prompts, windows] = [this.prompts, this.windows].map((distinct) =>
      Buffer.from(distinct.toBytes()).toString("base64"),
    );
    const { scope, volume } = this;
    const head = JSON.stringify({ version: 1, salt: this.salt, scope, volume, prompts, windows });
    yield utf8ToBytes(`${head}\n`);
    if (this.sketch !== null) yield* this.sketch.pieces();
  }

  /** Reads what `pieces` made, in steps as small. @throws VerdigrisError FILE_INVALID naming `name` and what is wrong */
  static *reading(
    contents: Uint8Array,
    name: string,
    empty: EmptySketch,
  ): Generator<undefined, Collected, undefined> {
    const end = contents.indexOf(10);
    const where = { name, code: "FILE_INVALID" } as const;
    const head = parseWith(headSchema, jsonOf(contents.subarray(0, Math.max(0, end))), where);
    const { scope, volume, salt } = head;
    try {
      const [prompts, windows] = [head.prompts, head.windows].map(DistinctCount.fromBytes);
      const rest = contents.subarray(end + 1);
      const isKey = scope.by.kind === "key";
      const sketch = isKey ? yield* ServingSketch.reading(rest, empty) : null;
      return new Collected(scope, { sketch, prompts, windows, volume, salt });
    } catch (cause) {
      const message = `${name}: ${(cause as Error).message}`;
      throw new VerdigrisError("FILE_INVALID", message, { cause });
    }
  }
}

const NOTHING: Volume = {
  answers: 0,
  tokens: 0,
  markedAnswers: 0,
  markedTokens: 0,
  promptWindows: 0,
  scored: 0,
  excess: 0,
};

function sum(a: Volume, b: Volume): Volume {
  const names = Object.keys(NOTHING) as (keyof Volume)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as Volume;
}

/** The file of a scope: those of a group lie side by side when sorted, its keys first. No name can be read off. */
export function fileOf({ group, profile, by }: CollectionScope): string {
  const digest = (...names: readonly string[]): string =>
    bytesToHex(sha256(utf8ToBytes(JSON.stringify(names)))).slice(0, 24);
  const whose = by.kind === "key" ? by.keyId : by.tenant;
  return `${digest(group, profile.digest)}-${by.kind}-${digest(whose)}.collected`;
}

function jsonOf(line: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(line)) as unknown;
  } catch {
    return undefined;
  }
}
