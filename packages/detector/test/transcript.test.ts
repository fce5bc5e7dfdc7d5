import { describe, expect, it } from "vitest";
import { Transcript } from "../src/transcript.js";

const text = (n: number, id = 1): { tokens: Uint32Array } => ({
  tokens: new Uint32Array(n).fill(id),
});
const idsOf = (kept: Transcript): number[] => kept.pieces.map(({ tokens }) => tokens[0]!);

describe("a transcript", () => {
  it("keeps everything within its budget", () => {
    const kept = new Transcript(100);
    for (let i = 0; i < 10; i++) kept.add({ ...text(10, i), continues: i % 2 === 1 });
    expect(kept.isWhole).toBe(true);
    expect(idsOf(kept)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("keeps a sample of documents that favours no place", () => {
    const kept = new Transcript(1000);
    for (let i = 0; i < 6400; i++) kept.add(text(5, i));
    const ids = idsOf(kept);
    expect(kept.isWhole).toBe(false);
    expect(ids.length).toBeGreaterThan(90);
    expect(ids.length).toBeLessThanOrEqual(200);
    // Each quarter of the input holds its share, within five standard errors.
    for (let quarter = 0; quarter < 4; quarter++) {
      const share = ids.filter((id) => Math.floor(id / 1600) === quarter).length;
      expect(Math.abs(share - ids.length / 4)).toBeLessThan(5 * Math.sqrt((ids.length * 3) / 16));
    }
  });

  it("never goes on with a document that it left out", () => {
    const kept = new Transcript(100);
    for (let i = 0; i < 200; i++) kept.add({ ...text(5, i >> 2), continues: i % 4 !== 0 });
    const counts = new Map<number, number>();
    for (const id of idsOf(kept)) counts.set(id, (counts.get(id) ?? 0) + 1);
    expect([...counts.values()].every((count) => count === 4)).toBe(true);
    expect(kept.pieces[0]?.continues).toBe(false);
  });

  it("keeps the beginning of one document above its budget", () => {
    const kept = new Transcript(100);
    kept.add(text(60, 1));
    kept.add({ ...text(60, 2), continues: true });
    kept.add({ ...text(60, 3), continues: true });
    expect(idsOf(kept)).toEqual([1, 2]);
    expect(kept.pieces[1]?.tokens.length).toBe(40);
    expect(kept.isWhole).toBe(false);
  });
});
