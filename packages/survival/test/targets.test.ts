import { Key, bindScheme } from "@verdigris/core";
import { testProfile } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import { type Text, countTeacher, randomStream, writeTexts } from "../src/index.js";
import { distilledExamples, sampledExamples } from "../src/neural/training.js";
import { frequentTokens } from "../src/neural/vocabulary.js";
import { V, plainTexts } from "./support.js";

const scheme = bindScheme(testProfile({ id: "t", V }), Key.fromBytes(new Uint8Array(32).fill(3)));
const source = plainTexts(80, 100, 3);
const teacher = countTeacher(source, { vocabularySize: V, candidates: 20 });
const write = (targets: number, marked = true): Promise<readonly Text[]> =>
  writeTexts(teacher, {
    scheme: marked ? scheme : null,
    random: randomStream("targets"),
    tokens: 3000,
    length: 100,
    prompts: source,
    targets,
  });

describe("a teacher's probabilities", () => {
  it("stand beside the same text as without them", async () => {
    const [plain, rich] = [await write(0), await write(5)];
    expect(rich.map(({ tokens }) => tokens)).toStrictEqual(plain.map(({ tokens }) => tokens));
  });

  it("are what the tokens were drawn from: as many have their probability as they should", async () => {
    const texts = await write(20);
    let [hits, expected, variance] = [0, 0, 0];
    for (const { tokens, targets } of texts) {
      if (targets === undefined) throw new Error("no targets");
      for (let t = 0; t < tokens.length; t++) {
        const row = targets.p.subarray(t * 20, t * 20 + 20);
        expect(row.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
        expect(row[0]).toBeGreaterThanOrEqual(row[1]);
        hits += Number(targets.ids[t * 20] === tokens[t]);
        expected += row[0];
        variance += row[0] * (1 - row[0]);
      }
    }
    expect(Math.abs(hits - expected)).toBeLessThan(4 * Math.sqrt(variance));
  });

  it("carry the mark: an unmarked teacher says otherwise of the same position", async () => {
    const marked = (await write(20))[0].targets;
    const plain = (await write(20, false))[0].targets;
    // Both start from the same prompt, so that the first row is of the same candidates.
    expect([...(marked?.ids.subarray(0, 20) ?? [])].toSorted()).toStrictEqual(
      [...(plain?.ids.subarray(0, 20) ?? [])].toSorted(),
    );
    expect(marked?.p.subarray(0, 20)).not.toStrictEqual(plain?.p.subarray(0, 20));
  });
});

describe("examples", () => {
  const vocabulary = frequentTokens(source, 64);

  it("hold the teacher's probabilities at the position of their token", async () => {
    const texts = await write(20);
    const { stream, targets } = distilledExamples(texts, vocabulary);
    expect(stream).toStrictEqual(sampledExamples(texts, vocabulary).stream);
    // Each text stands behind one stand-in.
    const second = texts[0].tokens.length + 2;
    const own = texts[1].targets;
    expect(targets?.k).toBe(20);
    expect([...(targets?.p.subarray(second * 20, second * 20 + 20) ?? [])]).toStrictEqual([
      ...(own?.p.subarray(0, 20) ?? []),
    ]);
    expect([...(targets?.ids.subarray(second * 20, second * 20 + 20) ?? [])]).toStrictEqual([
      ...vocabulary.encode(own?.ids.subarray(0, 20) ?? new Uint32Array()),
    ]);
  });

  it("take the token itself where a text's tokens were replaced since", async () => {
    const [text] = await write(20);
    const changed = { ...text, tokens: text.tokens.slice(1) };
    const { stream, targets } = distilledExamples([changed], vocabulary);
    for (let at = 0; at < stream.length; at++) {
      const k = targets?.k ?? 0;
      expect(targets?.ids[at * k]).toBe(stream[at]);
      expect(targets?.p.subarray(at * k, (at + 1) * k).reduce((sum, p) => sum + p, 0)).toBe(1);
    }
  });
});
