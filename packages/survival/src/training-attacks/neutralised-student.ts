import type { Random, Tokens } from "@verdigris/core";
import type { Prediction } from "@verdigris/detector";
import type { Text } from "../corpus.js";
import type { Student } from "../students/index.js";

/** What to make less likely, by the tokens before: nats per token id, one entry a prefix. */
export interface Penalties {
  readonly orders: readonly number[];
  readonly byPrefix: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

/** Held-out positions that the change of the loss is measured at. */
const LOSS_POSITIONS = 1000;

/** Name of the last `order` tokens of a context. */
export function prefixKey(context: Tokens, order: number): string {
  return context.subarray(context.length - order).join(" ");
}

/** A student whose every step is changed to P(v | c) e^−penalty(v) / Z(c). */
export class NeutralisedStudent implements Student {
  readonly #inner: Student;
  readonly #penalties: Penalties;

  constructor(inner: Student, penalties: Penalties) {
    this.#inner = inner;
    this.#penalties = penalties;
  }

  /** Draws of the inner student, accepted with probability e^−penalty: exactly the changed law. */
  async draw(contexts: readonly Tokens[], random: Random): Promise<Uint32Array> {
    const penalties = contexts.map((context) => this.#after(context));
    const out = new Uint32Array(contexts.length);
    let open = [...contexts.keys()];
    while (open.length > 0) {
      const tokens = await this.#inner.draw(
        open.map((n) => contexts[n]),
        random,
      );
      const refused: number[] = [];
      open.forEach((n, i) => {
        const penalty = penalties[n].get(tokens[i]) ?? 0;
        if (random.next() < Math.exp(-penalty)) out[n] = tokens[i];
        else refused.push(n);
      });
      open = refused;
    }
    return out;
  }

  async predict(contexts: readonly Tokens[]): Promise<readonly Prediction[]> {
    const inner = await this.#inner.predict(contexts);
    const changed = await this.#changes(contexts);
    return inner.map(({ context, ids, p }, n) => {
      const { penalties, known, z } = changed[n];
      const masses = new Map(Array.from(ids, (id, i) => [id, p[i]]));
      for (const [id, own] of known) masses.set(id, own * Math.exp(-(penalties.get(id) ?? 0)));
      return {
        context,
        ids: Uint32Array.from(masses.keys()),
        p: Float64Array.from(masses.values(), (mass) => mass / z),
      };
    });
  }

  async probabilities(
    contexts: readonly Tokens[],
    ids: readonly Uint32Array[],
  ): Promise<readonly Float64Array[]> {
    const inner = await probabilitiesOf(this.#inner, contexts, ids);
    const changed = await this.#changes(contexts);
    return inner.map((p, n) => {
      const { penalties, z } = changed[n];
      return p.map((own, i) => (own * Math.exp(-(penalties.get(ids[n][i]) ?? 0))) / z);
    });
  }

  /** The inner student's loss, and what the penalties add to it: on average penalty + ln Z. */
  async loss(texts: readonly Text[]): Promise<number> {
    const total = texts.reduce((sum, { tokens }) => sum + tokens.length, 0);
    const stride = Math.max(1, Math.floor(total / LOSS_POSITIONS));
    const contexts: Tokens[] = [];
    const next: number[] = [];
    for (const { tokens } of texts) {
      for (let i = 1 + (stride >>> 1); i < tokens.length; i += stride) {
        contexts.push(tokens.subarray(0, i));
        next.push(tokens[i]);
      }
    }
    const changed = await this.#changes(contexts);
    const added = changed.reduce(
      (sum, { penalties, z }, n) => sum + (penalties.get(next[n]) ?? 0) + Math.log(z),
      0,
    );
    return (await this.#inner.loss(texts)) + added / Math.max(1, contexts.length);
  }

  /** The inner student belongs to whoever made it. */
  async dispose(): Promise<void> {}

  /** Per context the penalties, what the inner student gives to the penalised tokens, and Z. */
  async #changes(contexts: readonly Tokens[]): Promise<readonly Change[]> {
    const penalties = contexts.map((context) => this.#after(context));
    const ids = penalties.map((own) => Uint32Array.from(own.keys()));
    const p = await probabilitiesOf(this.#inner, contexts, ids);
    return penalties.map((own, n) => {
      const known = new Map(Array.from(ids[n], (id, i) => [id, p[n][i]]));
      let z = 1;
      for (const [id, penalty] of own) z += (known.get(id) ?? 0) * Math.expm1(-penalty);
      return { penalties: own, known, z };
    });
  }

  /** The penalties after a context, summed over the prefixes that it ends in. */
  #after(context: Tokens): ReadonlyMap<number, number> {
    const sum = new Map<number, number>();
    for (const order of this.#penalties.orders) {
      if (context.length < order) continue;
      for (const [id, own] of this.#penalties.byPrefix.get(prefixKey(context, order)) ?? []) {
        sum.set(id, (sum.get(id) ?? 0) + own);
      }
    }
    return sum;
  }
}

interface Change {
  readonly penalties: ReadonlyMap<number, number>;
  readonly known: ReadonlyMap<number, number>;
  readonly z: number;
}

/** Probabilities of chosen tokens; of a student that names all it knows in `predict`, from there. (N, K) */
export async function probabilitiesOf(
  student: Student,
  contexts: readonly Tokens[],
  ids: readonly Uint32Array[],
): Promise<readonly Float64Array[]> {
  if (student.probabilities !== undefined) return student.probabilities(contexts, ids);
  return (await student.predict(contexts)).map((prediction, n) => {
    const known = new Map(Array.from(prediction.ids, (id, i) => [id, prediction.p[i]]));
    return Float64Array.from(ids[n], (id) => known.get(id) ?? 0);
  });
}
