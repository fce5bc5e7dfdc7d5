/**
 * The laws of the neural student (survival-science, C.3: L11 to L13), measured over keys. Shared by the short form in
 * `npm test` and by bench/quality/neural-laws.mjs.
 */
import type { Profile } from "@verdigris/core";
import type { Lesson, StudentSettings, World } from "./neural-world.ts";

/** Distinct h-windows followed by a token, per token of the texts. */
function windowDiversity({ texts, scheme: { h } }: Lesson): number {
  const seen = new Set<string>();
  let n = 0;
  for (const { tokens } of texts) {
    for (let end = h; end < tokens.length; end++) {
      seen.add(tokens.subarray(end - h, end).join(" "));
      n++;
    }
  }
  return seen.size / n;
}

/** A mean over keys and its standard error. */
export interface Estimate {
  readonly mean: number;
  readonly error: number;
}

export function estimate(values: readonly number[]): Estimate {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (values.length - 1) / values.length) };
}

/** The student of the laws: one layer of width 32 that looks back on 8 tokens. */
export const SMALL_STUDENT: StudentSettings = {
  kind: "neural",
  width: 32,
  layers: 1,
  heads: 4,
  contextLength: 8,
  batch: 32,
  learningRate: 0.01,
  epochs: 4,
};

const GREEN: Partial<Profile> = { parameters: { gamma: 0.25, delta: 2 } };
const GUMBEL: Partial<Profile> = { scheme: "gumbel", parameters: {} };

/** ε of students that learn tokens and of students that learn the teacher's probabilities, each mark with each key. */
export interface Distillation {
  readonly tokens: Estimate;
  readonly probabilities: Estimate;
  /** Of the same keys, key by key. */
  readonly gained: Estimate;
}

/** L11 (Gu et al. 2024): h = 1. */
export async function distillation(world: World, keys: number): Promise<Distillation> {
  const pairs = await perKey(keys, async (key) => {
    const lesson = await world.lesson(key, { ...GREEN, h: 1 });
    const tokens = (await world.kept(SMALL_STUDENT, lesson)).epsilon;
    const settings = { ...SMALL_STUDENT, targets: "probabilities" };
    return [tokens, (await world.kept(settings, lesson)).epsilon] as const;
  });
  return {
    tokens: estimate(pairs.map(([tokens]) => tokens)),
    probabilities: estimate(pairs.map(([, probabilities]) => probabilities)),
    gained: estimate(pairs.map(([tokens, probabilities]) => probabilities - tokens)),
  };
}

/** ε at one width h: of the small student, and of a count student of the same corpora, which has room for all. */
export interface Capacity {
  readonly h: number;
  readonly small: Estimate;
  readonly roomy: Estimate;
}

/** L12: a student with little capacity learns h = 1, not more. */
export async function capacity(
  world: World,
  keys: number,
  widths: readonly number[],
): Promise<readonly Capacity[]> {
  const rows: Capacity[] = [];
  for (const h of widths) {
    const pairs = await perKey(keys, async (key) => {
      const lesson = await world.lesson(key, { ...GREEN, h });
      const small = (await world.kept(SMALL_STUDENT, lesson)).epsilon;
      return [small, (await world.kept({ kind: "count", order: 4 }, lesson)).epsilon] as const;
    });
    const [small, roomy] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
    rows.push({ h, small: estimate(small), roomy: estimate(roomy) });
  }
  return rows;
}

/** What a student of one mark writes, over keys. */
export interface Collapse {
  readonly mark: string;
  /** Distinct windows per token of the teacher's marked text. */
  readonly taught: Estimate;
  /** Excess per written token, repeats included, in standard deviations. */
  readonly perToken: Estimate;
  readonly tokens: number;
  /** Distinct coins among the written tokens: what z counts. */
  readonly distinct: Estimate;
  readonly z: Estimate;
}

/** L13: a Gumbel mark of h = 1 beside a green list of the same width. */
export async function collapse(
  world: World,
  keys: number,
  written: number,
): Promise<readonly [gumbel: Collapse, green: Collapse]> {
  const of = async (name: string, mark: Partial<Profile>): Promise<Collapse> => {
    const rows = await perKey(keys, async (key) => {
      const lesson = await world.lesson(key, { ...mark, h: 1 });
      const text = await world.freely(SMALL_STUDENT, lesson, written);
      return { ...text, taught: windowDiversity(lesson) };
    });
    return {
      mark: name,
      taught: estimate(rows.map((row) => row.taught)),
      perToken: estimate(rows.map((row) => row.perToken)),
      tokens: rows[0].tokens,
      distinct: estimate(rows.map((row) => row.distinct)),
      z: estimate(rows.map((row) => row.z)),
    };
  };
  return [await of("gumbel", GUMBEL), await of("green list", GREEN)];
}

async function perKey<Row>(keys: number, row: (key: number) => Promise<Row>): Promise<Row[]> {
  const rows: Row[] = [];
  for (let key = 0; key < keys; key++) rows.push(await row(key));
  return rows;
}
