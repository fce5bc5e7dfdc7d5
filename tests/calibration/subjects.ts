/**
 * What the calibration suite tries: every scheme of the registry, and kinds of text that nobody marked. Shared by the
 * short form in `npm test` and by bench/quality/calibration.mjs.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Profile, type Tokens, parseProfile, schemes } from "@verdigris/core";
import { lehmer } from "@verdigris/core/testing";
import { readDocuments, readTokenizer } from "@verdigris/text";
import { foreignProfiles } from "./material.ts";

/** A mark under test. */
export interface Subject {
  readonly name: string;
  readonly profile: Profile;
  /** Whether the mark is Verdigris' own: those run at full vocabulary. */
  readonly own: boolean;
}

const fixtures = fileURLToPath(new URL("../../fixtures/", import.meta.url));

/**
 * Other projects' marks run on this vocabulary, ids of real text folded into it: marks by permutation cost time in
 * proportion to V, and no guarantee depends on it.
 */
const FOLDED_V = 512;

/** Settings of our own schemes, over the recorded corpus' profile. Each of our schemes needs one here. */
const OWN: Readonly<Record<string, Partial<Profile>>> = {
  "green-list-left-1": { scheme: "green-list", seeding: "left", h: 1 },
  "green-list-min-3": { scheme: "green-list", seeding: "min", h: 3 },
  "green-list-self-3": { scheme: "green-list", seeding: "self", h: 3 },
  "green-list-payload": {
    scheme: "green-list-payload",
    h: 2,
    parameters: { gamma: 0.25, delta: 2, code: "bch-63-10", payload: 300 },
  },
  "gumbel-left-2": { scheme: "gumbel", seeding: "left", h: 2, parameters: {} },
};

/** Every mark: ours, and one a file of fixtures/profiles. @throws Error for a scheme and pseudo-random function without one */
export function subjects(): readonly Subject[] {
  const recorded: unknown = JSON.parse(
    readFileSync(`${fixtures}corpora/smollm2/profile-h1.json`, "utf8"),
  );
  const all: readonly Subject[] = [
    ...Object.entries(OWN).map(([name, setting]) => ({
      name,
      profile: parseProfile({ ...(recorded as Profile), keyId: null, ...setting }),
      own: true,
    })),
    ...foreignProfiles().map(([name, profile]) => ({
      name,
      profile: { ...profile, V: FOLDED_V, specialTokens: [] },
      own: false,
    })),
  ];
  const covered = new Set(all.map(({ profile }) => `${profile.scheme} on ${profile.prf}`));
  const missing = schemes
    .flatMap(({ name, prfs }) => prfs.map((prf) => `${name} on ${prf}`))
    .filter((mark) => !covered.has(mark));
  if (missing.length > 0) {
    throw new Error(
      `no profile of ${missing.join(", ")}: add one to fixtures/profiles, or for a scheme of our own a line to OWN in tests/calibration/subjects.ts`,
    );
  }
  return all;
}

/** Documents per kind of text. */
export type Kinds = Readonly<Record<string, readonly Tokens[]>>;

/** Lengths of documents, in turn. */
const LENGTHS = [20, 40, 80, 160];
/** Tokens of each kind of text. */
const TOKENS = 30_000;
const V = 49_152;

/** Unmarked documents of 20 to 160 tokens of every kind, in SmolLM2's vocabulary. */
export async function textKinds(): Promise<Kinds> {
  const tokenizer = await readTokenizer(`${fixtures}models/smollm2/tokenizer.json`);
  const read = async (path: string): Promise<Tokens> => {
    const parts: number[] = [];
    for await (const item of readDocuments(`${fixtures}corpora/${path}`)) {
      if (item.kind === "problem") throw new Error(`${path}: ${item.message}`);
      parts.push(...(item.tokens ?? tokenizer.encode(item.text.slice(0, 5 * TOKENS))));
      if (parts.length >= TOKENS) break;
    }
    return Uint32Array.from(parts.slice(0, TOKENS));
  };
  const random = lehmer(20_231_217);
  const streams = {
    random: Uint32Array.from({ length: TOKENS }, () => Math.floor(random.next() * V)),
    repetitive: repetitive(),
    code: await read("kinds/code.txt.br"),
    list: await read("kinds/list.txt.br"),
    German: await read("kinds/german.txt.br"),
    Arabic: await read("kinds/arabic.txt.br"),
    Chinese: await read("kinds/chinese.txt.br"),
    "human English": await read("human/sotu.txt.br"),
    "SmolLM2, unmarked": await read("smollm2/unmarked.jsonl.br"),
  };
  return Object.fromEntries(
    Object.entries(streams).map(([name, tokens]) => [name, documents(tokens)]),
  );
}

/** Phrases of eight words over and over, with another word now and then, and another phrase every 200 tokens. */
function repetitive(): Tokens {
  return Uint32Array.from({ length: TOKENS }, (_, i) => {
    const phrase = Math.floor(i / 200);
    return i % 40 === 39 ? 1000 + ((phrase * 31 + i) % 9000) : 500 + phrase * 23 + (i % 8) * 97;
  });
}

function documents(tokens: Tokens): readonly Tokens[] {
  const out: Tokens[] = [];
  for (let start = 0, i = 0; start + LENGTHS[i % LENGTHS.length] <= tokens.length; i++) {
    out.push(tokens.subarray(start, start + LENGTHS[i % LENGTHS.length]));
    start += LENGTHS[i % LENGTHS.length];
  }
  return out;
}

/** The same texts with ids below V. */
export function folded(kinds: Kinds, vocabularySize: number): Kinds {
  if (vocabularySize >= V) return kinds;
  return Object.fromEntries(
    Object.entries(kinds).map(([name, texts]) => [
      name,
      texts.map((tokens) => tokens.map((id) => id % vocabularySize)),
    ]),
  );
}
