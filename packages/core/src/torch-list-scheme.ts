import { type TailRule, candidatesOf } from "./candidates.js";
import type { Kernel } from "./prf/kernel.js";
import { spreadSeed } from "./primitives/int64.js";
import type { Profile } from "./profile.js";
import { checkRoom, checkSpan, checkStep } from "./schemes/checks.js";
import type { Coins, Scheme, SeedArrays, Tokens, Weakness } from "./types.js";

/** How a mark seeds torch's generator: from a window of the text, all that matters being 32 bits. */
export interface SeedRule {
  /** Whether the candidate is the window's last token. */
  readonly selfSalt: boolean;
  /** Low 32 bits of the seed of the window that ends before `end`; its width is the rule's own. */
  seedAt(tokens: Tokens, end: number): number;
}

/** Candidates looked up at a time. */
const BATCH = 64;

/** A green list that is a part of `torch.randperm(V)`. */
export interface TorchList {
  readonly profile: Profile;
  /** Bias on green logits, nats, as float32. */
  readonly delta: number;
  /** Size of the list. */
  readonly k: number;
  readonly rule: SeedRule;
  readonly weaknesses: readonly Weakness[];
  readonly isKeyless?: Scheme["isKeyless"];
  /** How far down the candidates a self-salted embedder goes, best first. Default: all of them. */
  readonly tail?: TailRule;
  /** Shift of the list: token t is green if t + shift mod V is in it. Default 0. */
  readonly shift?: number;
  /** The list is the last k of the permutation instead of the first. */
  readonly last?: boolean;
}

/**
 * A green-list scheme on torch's generator. The law is Bernoulli(k/V): within one seed distinct tokens are drawn
 * without replacement, whose upper tail is below the binomial's (Hoeffding 1963), and seeds are independent.
 */
export function torchListScheme(kernel: Kernel, list: TorchList): Scheme {
  const { profile, rule, k, shift = 0, last = false } = list;
  const { V, h } = profile;
  const bias = Math.fround(list.delta);
  const green = membership(kernel, list);
  const biasEach = candidateBias(list, green);
  const everyId = Uint32Array.from({ length: V }, (_, i) => i);
  return {
    profile,
    h,
    law: { kind: "bernoulli", p: k / V },
    stage: "raw-logits",
    coin: "seed-and-token",
    coinsDependOnKey: true,
    extraSeedWords: 0,
    weaknesses: list.weaknesses,
    isKeyless: list.isKeyless,
    reweight(context: Tokens, logits: Float32Array, ids?: Uint32Array): void {
      checkStep(profile, context, { logits, ids });
      if (ids !== undefined || rule.selfSalt || shift !== 0 || last) {
        biasEach(context, logits, ids ?? everyId);
      } else {
        kernel.torch.addBias(rule.seedAt(context, context.length), { V, k }, { bias, logits });
      }
    },
    seeds(tokens: Tokens, from: number, out: SeedArrays): void {
      checkSpan(profile, tokens, { from, out });
      for (let t = from; t < tokens.length; t++) {
        const seed = rule.seedAt(tokens, rule.selfSalt ? t + 1 : t);
        out.seedLo[t - from] = seed;
        out.seedHi[t - from] = spreadSeed(seed);
      }
    },
    scores(coins: Coins, out: Float64Array): void {
      checkRoom(out.length, coins.n);
      green(coins, out);
    },
  };
}

/** Writes 1 where the i-th token is green under the i-th seed. */
type Membership = (coins: Pick<Coins, "seedLo" | "token" | "n">, out: Float64Array) => void;

function membership(kernel: Kernel, list: TorchList): Membership {
  const { k, shift = 0, last = false } = list;
  const { V } = list.profile;
  const size = last ? { V, k: V - k } : { V, k };
  return (coins, out) => {
    const token = shift === 0 ? coins.token : coins.token.map((id) => (id + shift) % V);
    kernel.torch.contains({ ...coins, token }, size, out);
    if (last) for (let i = 0; i < coins.n; i++) out[i] = 1 - out[i];
  };
}

/** Adds the bias candidate by candidate, best first if the tail rule looks at order. */
function candidateBias(
  { profile, rule, delta, tail }: TorchList,
  green: Membership,
): (context: Tokens, logits: Float32Array, ids: Uint32Array) => void {
  const { h } = profile;
  const bias = Math.fround(delta);
  const window = new Uint32Array(h + 1);
  const [seedLo, token] = [new Uint32Array(BATCH), new Uint32Array(BATCH)];
  const flags = new Float64Array(BATCH);
  const most = tail?.kind === "greens" ? tail.n : Infinity;
  return (context, logits, ids) => {
    const tried = candidatesOf(logits, tail);
    const shared = rule.selfSalt ? 0 : rule.seedAt(context, context.length);
    window.set(context.subarray(context.length - h));
    for (let start = 0, greens = 0; start < tried.length && greens < most; start += BATCH) {
      const n = Math.min(BATCH, tried.length - start);
      for (let i = 0; i < n; i++) {
        token[i] = window[h] = ids[tried[start + i]];
        seedLo[i] = rule.selfSalt ? rule.seedAt(window, h + 1) : shared;
      }
      green({ seedLo, token, n }, flags);
      for (let i = 0; i < n && greens < most; i++) {
        if (flags[i] === 0) continue;
        logits[tried[start + i]] += bias;
        greens++;
      }
    }
  };
}
