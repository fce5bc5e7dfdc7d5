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
