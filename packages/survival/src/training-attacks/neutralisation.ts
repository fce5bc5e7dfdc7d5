import type { Tokens } from "@verdigris/core";
import * as z from "zod";
import type { Corpus } from "../corpus.js";
import type { AttackTraits } from "../needs.js";
import { below } from "../random.js";
import type { Student } from "../students/index.js";
import {
  NeutralisedStudent,
  type Penalties,
  prefixKey,
  probabilitiesOf,
} from "./neutralised-student.js";
import type { Surroundings, TrainingAttack } from "./training-attack.js";

export const schema = z.strictObject({
  kind: z.literal("neutralisation"),
  strength: z.number().min(0).max(20).default(2.5).describe("δ′, nats."),
  orders: z
    .array(z.int().min(0).max(4))
    .min(1)
    .default([0, 1, 2])
    .describe("Prefix lengths n′. The released code of the authors never applies 2."),
  frequency: z
    .number()
    .gt(0)
    .lt(1)
    .default(5e-5)
    .describe("Prefixes rarer than this are left alone."),
  contexts: z
    .int()
    .min(1)
    .default(100)
    .describe("Contexts a prefix is averaged over; the authors take 1000."),
});

export const traits: AttackTraits = { needs: [], removes: [] };

type Settings = z.infer<typeof schema>;

/** Likeliest tokens after training whose rise is looked at. */
const CANDIDATES = 50;
/** Tokens of context given to the students. */
const CONTEXT = 64;
/** Prefix weight: (ln f / ln f_max)^−0.3. */
const EXPONENT = 0.3;

/**
 * Watermark neutralisation (Pan et al. 2025): whatever became likelier by training after a frequent prefix is taken for
 * marked, and made less likely when the student is served, by δ′ · w · ½ min(P_after / P_before, 2) nats. It cannot tell the
 * mark from what the student was to learn, and reaches frequent prefixes only.
 */
export function create(settings: Settings): TrainingAttack {
  return {
    kind: settings.kind,
    reads: [],
    // One forward pass over the corpus with the student before and with the one after; serving costs next to nothing.
    budget: () => ({ queries: 0, cleanTokens: 0, computeShare: 2 / 3 }),
    async student(student, corpus, surroundings) {
      const before = await surroundings.apprenticeship.untrained();
      const rises = new Rises({ before, after: student }, settings);
      const penalties = await rises.over(corpus, surroundings);
      await before.dispose();
      return new NeutralisedStudent(student, penalties);
    },
  };
}

/** A frequent prefix: how often it occurs, and contexts that end in it. */
interface Prefix {
  readonly key: string;
  readonly n: number;
  readonly contexts: readonly Tokens[];
}

/** Estimates what rose after each frequent prefix. */
class Rises {
  readonly #students: { readonly before: Student; readonly after: Student };
  readonly #settings: Settings;

  constructor(students: { readonly before: Student; readonly after: Student }, settings: Settings) {
    this.#students = students;
    this.#settings = settings;
  }

  async over(corpus: Corpus, { random }: Pick<Surroundings, "random">): Promise<Penalties> {
    const { orders } = this.#settings;
    const byPrefix = new Map<string, ReadonlyMap<number, number>>();
    for (const order of orders) {
      const prefixes = frequentPrefixes(corpus, order, { ...this.#settings, random });
      const most = prefixes.reduce((top, { n }) => Math.max(top, n), 0) / corpus.tokenCount;
      for (const { key, n, contexts } of prefixes) {
        const weight = order === 0 ? 1 : prefixWeight(n / corpus.tokenCount, most);
        byPrefix.set(key, await this.#rise(contexts, weight));
      }
    }
    return { orders, byPrefix };
  }

  /** Penalties, nats, of the likeliest tokens after a prefix that training made likelier. */
  async #rise(contexts: readonly Tokens[], weight: number): Promise<ReadonlyMap<number, number>> {
    const { before, after } = this.#students;
    const ids = await likeliest(after, contexts);
    const [old, now] = [await meanOf(before, contexts, ids), await meanOf(after, contexts, ids)];
    const rises = new Map<number, number>();
    ids.forEach((id, i) => {
      const rise = 0.5 * Math.min(2, now[i] / old[i]);
      if (now[i] > old[i]) rises.set(id, this.#settings.strength * weight * rise);
    });
    return rises;
  }
}

function prefixWeight(frequency: number, most: number): number {
  return most === 1 ? 1 : (Math.log(frequency) / Math.log(most)) ** -EXPONENT;
}

/** Prefixes of a length that make up more than a share `frequency` of the corpus, with a uniform sample of their contexts. */
function frequentPrefixes(
  { texts, tokenCount }: Corpus,
  order: number,
  {
    frequency,
    contexts,
    random,
  }: Pick<Settings, "frequency" | "contexts"> & Pick<Surroundings, "random">,
): readonly Prefix[] {
  const found = new Map<string, { n: number; contexts: Tokens[] }>();
  for (const { tokens } of texts) {
    for (let end = Math.max(1, order); end < tokens.length; end++) {
      const key = prefixKey(tokens.subarray(0, end), order);
      const own = found.get(key) ?? { n: 0, contexts: [] };
      const place = own.n < contexts ? own.n : below(random, own.n + 1);
      if (place < contexts) own.contexts[place] = tokens.subarray(Math.max(0, end - CONTEXT), end);
      own.n++;
      found.set(key, own);
    }
  }
  return [...found]
    .filter(([, { n }]) => n > frequency * tokenCount)
    .map(([key, own]) => ({ key, ...own }));
}

/** The most likely tokens on average over contexts. */
async function likeliest(student: Student, contexts: readonly Tokens[]): Promise<Uint32Array> {
  const mass = new Map<number, number>();
  for (const { ids, p } of await student.predict(contexts)) {
    for (let i = 0; i < ids.length; i++) mass.set(ids[i], (mass.get(ids[i]) ?? 0) + p[i]);
  }
  const ranked = [...mass].toSorted((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, CANDIDATES);
  return Uint32Array.from(ranked, ([id]) => id);
}

async function meanOf(
  student: Student,
  contexts: readonly Tokens[],
  ids: Uint32Array,
): Promise<Float64Array> {
  const rows = await probabilitiesOf(
    student,
    contexts,
    contexts.map(() => ids),
  );
  return Float64Array.from(ids, (_, i) => rows.reduce((sum, p) => sum + p[i], 0) / rows.length);
}
