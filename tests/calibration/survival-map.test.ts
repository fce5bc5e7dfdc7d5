/** The survival map's page and figures are what its generator makes of the committed results; the study itself takes an hour. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), "utf8");

type MapFiles = (summaries: readonly Summary[], t3: unknown) => Readonly<Record<string, string>>;

interface Summary {
  readonly fields: readonly string[];
  readonly cells: readonly {
    readonly changes: Readonly<Record<string, unknown>>;
    readonly access: { readonly oneStep: { detected: number } };
    readonly runs: (number | null)[][];
  }[];
}

const generator = new URL("bench/quality/survival-map/files.mjs", ROOT).href;
const { mapFiles } = (await import(generator)) as { mapFiles: MapFiles };
const results = (): readonly Summary[] =>
  JSON.parse(read("bench/results/survival-map.json")) as Summary[];
const t3 = JSON.parse(read("bench/results/t3.json")) as unknown;

describe("the survival map", () => {
  const made = Object.entries(mapFiles(results(), t3));

  it.each(made)("%s is what the committed results give", (path, text) => {
    expect(read(path) === text, `${path}: run node bench/quality/survival-map.mjs --report`).toBe(
      true,
    );
  });

  it("changes with a single run, and with no sentence that the numbers do not bear out", () => {
    const altered = results();
    const [first] = altered[0].cells[0].runs;
    first[altered[0].fields.indexOf("epsilon")] = 0.05;
    const page = "packages/docs/guide/survival-map.md";
    expect(mapFiles(altered, t3)[page]).not.toBe(read(page));

    const found = results();
    for (const { changes, access } of found[0].cells)
      if (changes["mark.h"] === 4) access.oneStep.detected = 15;
    expect(() => mapFiles(found, t3)).toThrow("the numbers do not say");
  });
});
