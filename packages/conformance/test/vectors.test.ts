import { readFileSync, readdirSync } from "node:fs";
import type { Random } from "@verdigris/core";
import { lehmer } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import { checkVectors } from "../src/index.js";

const folder = new URL("../../../fixtures/vectors/peers/", import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith(".json"));

function read(file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Record<string, unknown>;
}

describe("golden vectors of the peers", () => {
  it.each(files)("%s agrees", (file) => {
    const report = checkVectors(read(file));
    expect(report.failures.slice(0, 5)).toEqual([]);
    expect(report.passed).toBeGreaterThan(0);
  });
});

/** Records tried per field, those with least to compute. */
const SAMPLE = 5;

/** Fields that are input, tolerance or comment in any family: another value is another question, or none. */
const NOT_EXPECTED = new Set(
  (
    "note tolerance gap scipy_betainc scipy_binom_sf scipy_norm_sf torch_half_erfc scipy_gammaincc scipy_gamma_sf " +
    "vocab_size padded_vocab_size prompt_ids prompt module eps config effective_method after_topp exact " +
    "alpha gamma delta depth temperature top_p top_k min_p max_probability z_threshold p_value_threshold " +
    "context tokens input_ids logits weights mixing_probability num_candidates max_contexts max_history n n_runs " +
    "torch_manual_seed x31 entropy entropy_threshold beta delta_row_major dist_q watermark_mode prefix_length " +
    "hash_key seed formula_logits_c context_history_size sequence_length ids sampling_table_seed " +
    "context_width ngram word ignore_repeated_ngrams routing_draws seen_windows output_first_call"
  ).split(" "),
);

interface Leaf {
  /** Field names, list indices left out. */
  readonly name: string;
  readonly path: readonly (string | number)[];
}

/** One leaf of each field that a check must compare, an entry drawn of each list. */
function leavesOf(value: unknown, random: Random, path: Leaf["path"] = []): readonly Leaf[] {
  if (Array.isArray(value)) {
    const at = Math.floor(random.next() * value.length);
    return value.length === 0 ? [] : leavesOf(value[at], random, [...path, at]);
  }
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, part]) =>
      NOT_EXPECTED.has(key) ? [] : leavesOf(part, random, [...path, key]),
    );
  }
  return [{ name: path.filter((part) => typeof part === "string").join("."), path }];
}

/** Another value of the same type, beyond any tolerance. */
function other(value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? value + 1 : value * 1.5 + 0.1;
  if (typeof value === "boolean") return !value;
  if (typeof value !== "string") return 3;
  if (/^-?\d+$/.test(value)) return value.replace(/\d$/, (digit) => (digit === "0" ? "1" : "0"));
  if (/^-?\d+\.\d+(?:e[-+]?\d+)?$/.test(value))
    return value.replace(/\d/, (d) => `${10 - Number(d)}`);
  return /^[0-9a-f]{64}$/.test(value) ? value.replaceAll(/[0-7]/g, "8") : `${value}x`;
}

function withOther(record: unknown, path: Leaf["path"]): unknown {
  const copy = structuredClone(record);
  let node = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) node = node[key] as typeof node;
  const last = path[path.length - 1];
  node[last] = other(node[last]);
  return copy;
}

/** The fields of a section's records, and whether another value in one of a few records was caught. */
function caught(kind: Kind): ReadonlyMap<string, boolean> {
  const random = lehmer(7);
  const found = new Map<string, boolean>();
  for (const record of kind.records) {
    for (const { name, path } of leavesOf(record, random)) {
      const alg = (record as { alg?: unknown }).alg;
      const field = alg === undefined ? name : `${String(alg)}: ${name}`;
      if (name === "alg" || name === "" || found.get(field) === true) continue;
      found.set(field, kind.fails(withOther(record, path)));
    }
  }
  return found;
}

/** A kind of record: a few of its records, and whether the file fails with one alone. */
interface Kind {
  readonly section: string;
  readonly records: readonly unknown[];
  fails(record: unknown): boolean;
}

/** Every kind of record in a file, those of objects within it too. */
function kindsOf(
  file: Record<string, unknown>,
  wrap = (part: object): object => part,
): readonly Kind[] {
  const head = { family: file["family"], peer: file["peer"], keys30: file["keys30"] };
  const about = Object.fromEntries(Object.entries(head).filter(([, value]) => value !== undefined));
  return Object.entries(file).flatMap(([section, content]): readonly Kind[] => {
    const fails = (part: unknown): boolean =>
      checkVectors({ ...about, ...wrap({ [section]: part }) }).failures.length > 0;
    if (section in about || typeof content !== "object" || content === null) return [];
    if (Array.isArray(content)) {
      const records = smallest(content.filter((record) => record.input_ids !== "same"));
      return [{ section, records, fails: (record) => fails([record]) }];
    }
    const lists = Object.values(content).some((part) => Array.isArray(part) && isObject(part[0]));
    if (!lists) return [{ section, records: [content], fails }];
    const inner = { ...about, ...(content as Record<string, unknown>) };
    return kindsOf(inner, (part) => wrap({ [section]: part }));
  });
}

/** Of each algorithm, the records that are shortest. */
function smallest(records: readonly { alg?: unknown }[]): readonly unknown[] {
  const algs = new Set(records.map(({ alg }) => alg));
  return [...algs].flatMap((of) =>
    records
      .filter(({ alg }) => alg === of)
      .map((record) => ({ record, size: JSON.stringify(record).length }))
      .toSorted((a, b) => a.size - b.size)
      .filter((_, i, all) => i < 2 || i >= all.length / 2)
      .slice(0, SAMPLE)
      .map(({ record }) => record),
  );
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

describe("a mutated vector", () => {
  it.each(files)("of %s fails, whatever expected field it is in", (file) => {
    const kinds = kindsOf(read(file));
    expect(kinds.length).toBeGreaterThan(2);
    for (const kind of kinds) {
      const fields = caught(kind);
      const missed = [...fields].filter(([, failed]) => !failed).map(([field]) => field);
      expect([kind.section, missed]).toEqual([kind.section, []]);
      expect([kind.section, fields.size > 0]).toEqual([kind.section, true]);
    }
  });
});

describe("checkVectors", () => {
  it("counts a record of an unknown kind as failed", () => {
    const { failures } = checkVectors({ family: "primitives", quantum: [{ seed: 1 }] });
    expect(failures).toEqual([
      { at: "quantum[0]", problems: [expect.stringMatching(/^unknown kind.*, got quantum$/)] },
    ]);
  });

  it("names a missing field", () => {
    const { failures } = checkVectors({ family: "primitives", mt19937: [{ seed: "1" }] });
    expect(failures[0].problems[0]).toMatch(/^vector\.engine_seed_u32: .*, got nothing/);
  });

  it.each([[null], [[]], ["text"], [{}], [{ family: "unheard-of" }]])("refuses %j", (value) => {
    expect(() => checkVectors(value)).toThrow(/^(?:vectors|family): expected/);
  });
});
