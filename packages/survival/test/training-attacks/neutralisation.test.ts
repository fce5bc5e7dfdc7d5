/**
 * L8: neutralisation lowers the excess of frequent windows and leaves that of rare ones, over 5 keys, h = 2. The student knows
 * its language well before training, so that what rises after a prefix is mostly the mark.
 */
import { Key, type Scheme, bindScheme, createKernel } from "@verdigris/core";
import { testProfile } from "@verdigris/core/testing";
import { type Prediction, openTest } from "@verdigris/detector";
import { beforeAll, describe, expect, it } from "vitest";
import {
  ContextIndex,
  type Corpus,
  type Student,
  type Text,
  auditContexts,
  capabilityOf,
  corpusOf,
  countTeacher,
  randomStream,
  trainingAttack,
  trainingAttackSchema,
  writeTexts,
} from "../../src/index.js";
import { countStudent } from "../../src/students/count.js";

const V = 300;
const KEYS = 5;
const LENGTH = 100;
const TOKENS = 20_000;
/** Windows seen at least so often are frequent: what the attack's threshold is set to. */
const FREQUENT = 30;

/** Texts in which a token has twenty usual followers, some far more usual than others. */
function texts(count: number, seed: string): Text[] {
  const random = randomStream(seed);
  const zipf = (n: number): number => Math.floor(Math.exp(random.next() * Math.log(n + 1))) - 1;
  return Array.from({ length: count }, (_, t) => {
    const tokens = new Uint32Array(LENGTH);
    for (let i = 0; i < LENGTH; i++) {
      const usual = ((tokens[i - 1] ?? 0) * 31 + 17 * (1 + zipf(20)) ** 2) % V;
      tokens[i] = random.next() < 0.7 ? usual : zipf(V);
    }
    return { prompt: `${t}`, tokens };
  });
}

const source = texts(300, "source");
const teacher = countTeacher(source, { vocabularySize: V });
const base = texts(300, "base");
const apprenticeship = countStudent({ vocabularySize: V, order: 3, inertia: 20, base });

interface Case {
  readonly scheme: Scheme;
  readonly corpus: Corpus;
  readonly student: Student;
  readonly frequent: readonly Uint32Array[];
  readonly rare: readonly Uint32Array[];
}

let cases: readonly Case[];
let heldOut: readonly Text[];
beforeAll(async () => {
  const write = (tokens: number, name: string, scheme: Scheme | null): Promise<readonly Text[]> => {
    const random = randomStream(name);
    return writeTexts(teacher, { scheme, random, tokens, length: LENGTH, prompts: source });
  };
  const log = await write(12_000, "held out", null);
  heldOut = log.slice(0, 20);
  const random = randomStream("contexts");
  const contexts = auditContexts(log, { h: 2, count: 4000, random, served: 0, log: [] });
  cases = await Promise.all(
    Array.from({ length: KEYS }, async (_, i) => {
      const key = Key.fromBytes(new Uint8Array(32).fill(i + 1));
      const scheme = bindScheme(testProfile({ V, h: 2 }), key, createKernel());
      const marked = await write(TOKENS, `marked ${i}`, scheme);
      const corpus = corpusOf(
        marked,
        marked.map(() => true),
      );
      const tokens = marked.map((text) => text.tokens);
      const index = new ContextIndex(tokens, { order: 2, vocabularySize: V });
      const seen = (context: Uint32Array): number => {
        const [, , range] = index.ranges(context);
        return range === undefined ? 0 : range.end - range.start;
      };
      const rare = contexts.filter((context) => seen(context) > 0 && seen(context) < FREQUENT);
      return {
        scheme,
        corpus,
        student: await apprenticeship.train(corpus, random),
        frequent: contexts.filter((context) => seen(context) >= FREQUENT),
        rare: rare.slice(0, 800),
      };
    }),
  );
});

interface Excess {
  readonly frequent: number;
  readonly rare: number;
}

/** Mean excess of both kinds of windows over the keys, of the students as trained or neutralised. */
async function excess(attack: object | null): Promise<Excess> {
  const sums = { frequent: 0, rare: 0 };
  for (const { scheme, corpus, student, frequent, rare } of cases) {
    const served = attack === null ? student : await neutralised(corpus, student, attack);
    const effect = async (contexts: readonly Uint32Array[]): Promise<number> => {
      const predictions: readonly Prediction[] = await served.predict(contexts);
      return openTest(scheme, predictions).effect;
    };
    sums.frequent += (await effect(frequent)) / KEYS;
    sums.rare += (await effect(rare)) / KEYS;
  }
  return sums;
}

async function neutralised(corpus: Corpus, student: Student, attack: object): Promise<Student> {
  const config = trainingAttackSchema.parse({
    kind: "neutralisation",
    frequency: FREQUENT / TOKENS,
    contexts: 20,
    ...attack,
  });
  const random = randomStream("neutralisation");
  const surroundings = { apprenticeship, cleanTexts: [], vocabularySize: V, random };
  const served = await trainingAttack(config).student?.(student, corpus, surroundings);
  if (served === undefined) throw new Error("no student stage");
  return served;
}

describe("neutralisation (L8)", () => {
  it("by prefixes as long as the mark is wide: frequent windows fall by 80 %, rare ones keep all", async () => {
    const before = await excess(null);
    const after = await excess({ orders: [2] });
    expect(before.frequent).toBeGreaterThan(0.25);
    expect(after.frequent).toBeLessThan(0.2 * before.frequent);
    expect(after.rare).toBe(before.rare);
    // Canary: a weaker attack does not reach it.
    const weak = await excess({ orders: [2], strength: 1 });
    expect(weak.frequent).toBeGreaterThan(0.2 * before.frequent);
  });

  it("in its published form overshoots on frequent windows; rare ones lose a part to shorter prefixes", async () => {
    const before = await excess(null);
    const after = await excess({});
    expect(after.frequent).toBeLessThan(0);
    expect(after.rare).toBeGreaterThan(0.4 * before.rare);
    expect(after.rare).toBeLessThan(0.8 * before.rare);
    // And it costs too much to count.
    const [{ corpus, student }] = cases;
    const served = await neutralised(corpus, student, {});
    const untrained = await apprenticeship.untrained();
    const { kept, counts } = capabilityOf({
      untrained: await untrained.loss(heldOut),
      unattacked: await student.loss(heldOut),
      attacked: await served.loss(heldOut),
    });
    expect(counts).toBe(false);
    expect(kept).toBeGreaterThan(0);
  });
});

describe("a neutralised student", () => {
  it("draws, predicts and loses by one changed law", async () => {
    const [{ corpus, student, frequent }] = cases;
    const served = await neutralised(corpus, student, {});
    const everyToken = Uint32Array.from({ length: V }, (_, id) => id);
    const [p] = (await served.probabilities?.([frequent[0]], [everyToken])) ?? [];
    expect(p.reduce((sum, own) => sum + own, 0)).toBeCloseTo(1, 9);
    const [{ ids, p: predicted }] = await served.predict([frequent[0]]);
    const sure = [...ids.keys()].filter((i) => Math.abs(predicted[i] - p[ids[i]]) < 1e-12);
    expect(sure.length).toBeGreaterThan(20);
    const n = 4000;
    const repeated = Array.from({ length: n }, () => frequent[0]);
    const counts = new Float64Array(V);
    for (const token of await served.draw(repeated, randomStream("draws"))) counts[token]++;
    counts.forEach((count, id) => {
      expect(Math.abs(count - n * p[id])).toBeLessThan(6.1 * Math.sqrt(n * p[id]) + 7);
    });
    const text = { prompt: "", tokens: corpus.texts[0].tokens.slice(0, 60) };
    const contexts = Array.from({ length: 59 }, (_, i) => text.tokens.subarray(0, i + 1));
    const next = contexts.map((_, i) => text.tokens.subarray(i + 1, i + 2));
    const [old, now] = [student, served].map((of) => of.probabilities?.(contexts, next));
    const mean = (rows: readonly Float64Array[]): number =>
      rows.reduce((sum, [own]) => sum - Math.log(own), 0) / rows.length;
    const rise = mean((await now) ?? []) - mean((await old) ?? []);
    expect((await served.loss([text])) - (await student.loss([text]))).toBeCloseTo(rise, 6);
  });
});
