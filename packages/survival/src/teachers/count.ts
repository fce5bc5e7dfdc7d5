import type {
  Candidates,
  LanguageModel,
  ModelSequence,
  Random,
  Scheme,
  Tokens,
} from "@verdigris/core";
import { type Sampling, PLAIN_SAMPLING, generate } from "@verdigris/watermark";
import { ContextIndex, type Range } from "../context-index.js";
import type { Text } from "../corpus.js";
import { CountModel, type Level, uniformModel } from "../count-model.js";
import { below } from "../random.js";
import { writeWithTargets } from "./targets.js";

/** Shape of the count teacher. */
export interface CountTeacherOptions {
  readonly vocabularySize: number;
  /** Longest context, tokens. Default 3. */
  readonly order?: number;
  /** Most likely tokens handed over per step, as an engine would. Default 100. */
  readonly candidates?: number;
}

/**
 * A teacher for laws that need many keys: recorded text cannot be marked again, a count model of it can. It proposes
 * its most likely tokens, as an engine does, so it is marked by the very same embedder.
 */
export function countTeacher(texts: readonly Text[], options: CountTeacherOptions): LanguageModel {
  const { order = 3 } = options;
  const propose = proposer(texts, options);
  return {
    vocabularySize: options.vocabularySize,
    endTokens: new Set(),
    start(prompt: Tokens): ModelSequence {
      const context = Array.from(prompt.subarray(-order));
      return {
        next: () => propose(context),
        push(token: number): void {
          context.push(token);
          if (context.length > order) context.shift();
        },
        end(): void {},
      };
    },
  };
}

/** Positions of the index after the same last tokens, as far as a text has led there. */
interface Place {
  readonly range: Range;
  /** By the token before those. */
  before: Map<number, Place> | null;
  /** What is proposed after them where nothing longer is known. */
  proposal: Candidates | null;
}

/** The followers of a context, most likely first; a context nobody continued falls back to any token. */
function proposer(
  texts: readonly Text[],
  { vocabularySize, order = 3, candidates = 100 }: CountTeacherOptions,
): (context: readonly number[]) => Candidates {
  const streams = texts.map((text) => text.tokens);
  const index = new ContextIndex(streams, { order, vocabularySize });
  const base = uniformModel(vocabularySize);
  const model = new CountModel(index, { inertia: 3, shortest: 1, base });
  const rank = ranking(index, model, { vocabularySize, candidates });
  const anything = {
    ids: index.followers.slice(0, candidates),
    logits: new Float32Array(Math.min(candidates, index.size)),
  };
  const all: Place = { range: { start: 0, end: index.size }, before: null, proposal: anything };
  return (context) => {
    let place = all;
    const deepest = Math.min(order, context.length);
    for (let depth = 1; depth <= deepest; depth++) {
      const longer = placeBefore(place, { index, depth, token: context[context.length - depth] });
      if (longer === null) break;
      place = longer;
    }
    return (place.proposal ??= rank(model.mixture(Uint32Array.from(context)).levels));
  };
}

function placeBefore(
  place: Place,
  step: { readonly index: ContextIndex; readonly depth: number; readonly token: number },
): Place | null {
  const known = place.before?.get(step.token);
  if (known !== undefined) return known;
  const range = step.index.narrow(place.range, step.depth, step.token);
  if (range.start === range.end) return null;
  const found = { range, before: null, proposal: null };
  place.before = (place.before ?? new Map<number, Place>()).set(step.token, found);
  return found;
}

/**
 * The most likely tokens of a mixture: the mass of every follower of two tokens or more, and the most frequent followers of
 * the last token alone, of which no other could be among them.
 */
function ranking(
  index: ContextIndex,
  model: CountModel,
  { vocabularySize, candidates }: Required<Omit<CountTeacherOptions, "order">>,
): (levels: readonly Level[]) => Candidates {
  const mass = new Float64Array(vocabularySize);
  const followersOf = new Map<number, Followers>();
  return (levels) => {
    const ids = model.addMasses(levels.slice(0, -1), mass);
    const { range, weight } = levels[levels.length - 1];
    const last = followersOf.get(range.start) ?? countFollowers(index, range);
    followersOf.set(range.start, last);
    const each = weight / (range.end - range.start);
    const most = ids.length + candidates;
    for (let i = 0; i < last.ids.length && ids.length < most; i++)
      if (mass[last.ids[i]] === 0) ids.push(last.ids[i]);
    for (const id of ids) {
      const count = last.counts.get(id) ?? 0;
      // As the model itself sums: a product would round otherwise, and recorded figures would shift.
      for (let i = 0; i < count; i++) mass[id] += each;
    }
    const kept = heaviest(ids, mass, candidates);
    const logits = Float32Array.from(kept, (id) => Math.log(mass[id]));
    for (const id of ids) mass[id] = 0;
    return { ids: kept, logits };
  };
}

/** What follows one token: how often each, and the ids by falling count, then by id. */
interface Followers {
  readonly ids: Uint32Array;
  readonly counts: ReadonlyMap<number, number>;
}

function countFollowers({ followers }: ContextIndex, { start, end }: Range): Followers {
  const counts = new Map<number, number>();
  for (let i = start; i < end; i++) counts.set(followers[i], (counts.get(followers[i]) ?? 0) + 1);
  const ordered = [...counts].toSorted(([a, n], [b, m]) => m - n || a - b);
  return { ids: Uint32Array.from(ordered, ([id]) => id), counts };
}

/** The n ids with most mass, most first, the smaller id of equals first. */
function heaviest(ids: readonly number[], mass: Float64Array, n: number): Uint32Array {
  let near = ids;
  if (ids.length > n) {
    const masses = Float64Array.from(ids, (id) => mass[id]).sort();
    const least = masses[masses.length - n];
    near = ids.filter((id) => mass[id] >= least);
  }
  return Uint32Array.from(near.toSorted((a, b) => mass[b] - mass[a] || a - b)).slice(0, n);
}

/** What a teacher is asked to write. */
export interface LessonOptions {
  readonly scheme: Scheme | null;
  readonly random: Random;
  /** Total tokens. */
  readonly tokens: number;
  /** Tokens of one text. */
  readonly length: number;
  readonly sampling?: Sampling;
  /** Texts whose beginnings serve as prompts. */
  readonly prompts: readonly Text[];
  /** Keep the teacher's probabilities of so many tokens at every position. Default 0: the text alone. */
  readonly targets?: number;
}

/** Has a model write texts, marked or not. */
export async function writeTexts(
  model: LanguageModel,
  options: LessonOptions,
): Promise<readonly Text[]> {
  const { scheme, random, prompts, sampling = PLAIN_SAMPLING, targets = 0 } = options;
  const texts: Text[] = [];
  for (let left = options.tokens; left > 0;) {
    const prompt = prompts[below(random, prompts.length)];
    const maxTokens = Math.min(left, options.length);
    const start = prompt.tokens.subarray(0, 8);
    const settings = { scheme, random, maxTokens, sampling };
    const text =
      targets === 0
        ? { tokens: await generate(model, start, settings) }
        : await writeWithTargets(model, start, { ...settings, k: targets });
    texts.push({ prompt: prompt.prompt, ...text });
    left -= Math.max(1, text.tokens.length);
  }
  return texts;
}
