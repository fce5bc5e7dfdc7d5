import { readFileSync, readdirSync } from "node:fs";
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

/** A record with one of its numbers (or digits of a string) changed. */
function mutated(record: unknown): unknown {
  const copy = structuredClone(record);
  const change = (node: Record<string, unknown> | unknown[]): boolean => {
    for (const [key, value] of Object.entries(node).toReversed()) {
      const target = node as Record<string, unknown>;
      if (INPUT.test(key)) continue;
      if (typeof value === "number") return ((target[key] = value === 0 ? 7 : value * 3 + 1), true);
      if (typeof value === "string" && DECIMAL.test(value)) {
        return ((target[key] = String(Number(value) * 3 + 1)), true);
      }
      if (typeof value === "boolean") return ((target[key] = !value), true);
      if (typeof value === "object" && value !== null && change(value as unknown[])) return true;
    }
    return false;
  };
  return typeof copy === "object" && copy !== null && change(copy as unknown[]) ? copy : null;
}

/** Fields a check reads as input, so that changing one is another question rather than a wrong answer. */
const INPUT =
  /^(?:gap|note|tolerance|scipy_.*|mid_p|torch_half_erfc|sf|sf_ge_k|Q|n_runs|vocab_size|padded_vocab_size)$/;

const DECIMAL = /^-?\d+\.\d+(?:e-?\d+)?$/;

describe("a mutated vector", () => {
  it.each(files)("of %s fails in every section", (file) => {
    const vectors = read(file);
    const { failures: none } = checkVectors(vectors);
    expect(none).toEqual([]);
    for (const [section, records] of Object.entries(vectors)) {
      if (!Array.isArray(records) || typeof records[0] !== "object") continue;
      const broken = records.slice(-8).map(mutated);
      const report = checkVectors({ ...only(vectors), [section]: broken });
      expect([section, report.failures.length > broken.length / 2]).toEqual([section, true]);
    }
  });
});

/** The fields that say what family a file is of. */
function only(vectors: Record<string, unknown>): Record<string, unknown> {
  const name = "family" in vectors ? "family" : "peer";
  return { [name]: vectors[name] };
}

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
