import type { Comparison } from "./comparison.js";
import { type Kernel, Key, type Profile, type Scheme, bindScheme } from "@verdigris/core";

/** What a record says of a mark. */
export interface Mark {
  readonly scheme: string;
  readonly prf: string;
  readonly V: number;
  readonly h: number;
  readonly seeding: Profile["seeding"];
  readonly parameters: Profile["parameters"];
  /** In the peer's notation. */
  readonly key: string;
}

/** The mark of a record, bound as any other. */
export function bindMark({ key, ...fields }: Mark, kernel: Kernel): Scheme {
  const profile: Profile = {
    ...fields,
    id: "vectors",
    version: 1,
    tokenizer: { id: "vectors", sha256: "0".repeat(64) },
    promptRule: "exclude-windows",
    specialTokens: [],
    validFrom: null,
    validTo: null,
    keyId: null,
  };
  return bindScheme(profile, Key.fromPeer(key), kernel);
}

/** `formula_logits_c`: logits that a vector file gives by their formula, exact in float32. */
export function formulaLogits(V: number, c: number): Float32Array {
  return Float32Array.from({ length: V }, (_, i) => {
    const word = (Math.imul(i, 2_654_435_761) + c * 40_503) >>> 0;
    return (word >>> 8) / 2 ** 20 - 8;
  });
}

/** Ids whose logit changed, ascending. */
export function biasedIds(before: Float32Array, after: Float32Array): Uint32Array {
  return Uint32Array.from([...before.keys()].filter((id) => before[id] !== after[id]));
}

/** The scheme's own flags after (or, self-salted, at the end of) a context. */
export function checkCoins(
  scheme: Scheme,
  { context, seed, list }: { context: Uint32Array; seed: number; list: ReadonlySet<number> },
  compare: Comparison,
): void {
  const { V, seeding } = scheme.profile;
  const tokens = seeding === "self" ? context : Uint32Array.of(...context, V - 1);
  const out = { seedLo: new Uint32Array(1), seedHi: new Uint32Array(1) };
  scheme.seeds(tokens, tokens.length - 1, out);
  compare.equal("seed of the coin", out.seedLo[0], seed);
  const few = Uint32Array.from({ length: 8 }, (_, i) => Math.floor((i * (V - 1)) / 7));
  const score = new Float64Array(8);
  scheme.scores(
    { seedLo: few.map(() => seed), seedHi: few.map(() => out.seedHi[0]), token: few, n: 8 },
    score,
  );
  compare.equal(
    "green",
    score,
    Array.from(few, (id) => (list.has(id) ? 1 : 0)),
  );
}
