import {
  type Key,
  type Kernel,
  type Profile,
  type Scheme,
  type Tokens,
  bindScheme,
  createKernel,
} from "@verdigris/core";
import { requireBetween } from "../statistics/checks.js";
import { type Count, Tally } from "../tally.js";
import { type ConfidenceSequence, confidenceSequence, log10E } from "./e-process.js";

/** When a stream stops asking for more text. */
export interface StreamOptions {
  /** Chance of ever detecting a mark that is not there, in (0, 1). Default 1e-3. */
  readonly alpha?: number;
  /** Effects below this are not worth more text, in units of the score; 0 never stops for that. Default 0. */
  readonly smallestEffect?: number;
  /** Scored positions after which to stop. Default: none. */
  readonly budget?: number;
  /** Coins remembered exactly (8 bytes each); later ones are kept approximately, and some are dropped. Default 2^20. */
  readonly memory?: number;
  readonly kernel?: Kernel;
}

/** Where a stream stands. `detected` stays, whatever comes after it. */
export interface StreamState {
  readonly kind: "undecided" | "detected" | "effect-too-small" | "budget-spent";
  readonly count: Count;
  /** log10 of the e-process now. */
  readonly log10E: number;
  /** Largest so far: 10^−maximum is a p-value valid at any time. */
  readonly maxLog10E: number;
}

const DEFAULT_MEMORY = 2 ** 20;

/**
 * Detection while the text is still coming (statistics.md 8): looks after every token, valid at any of them. Work per
 * token is constant, memory bounded: beyond `memory` coins a Bloom filter decides what is new, which can take a new
 * coin for a repeated one (it is dropped, whatever its score) but never the reverse.
 */
export class DetectionStream {
  readonly #scheme: Scheme;
  readonly #tally: Tally;
  readonly #options: Required<Omit<StreamOptions, "kernel" | "memory">>;
  readonly #one = new Uint32Array(1);
  #continues = false;
  #maxLog10E = 0;
  #kind: StreamState["kind"] = "undecided";

  /** @throws RangeError for α outside (0, 1) */
  constructor(profile: Profile, key: Key, options: StreamOptions = {}) {
    const { alpha = 1e-3, smallestEffect = 0, budget = Infinity } = options;
    requireBetween("alpha", alpha);
    this.#options = { alpha, smallestEffect, budget };
    this.#scheme = bindScheme(profile, key, options.kernel ?? createKernel());
    this.#tally = new Tally(this.#scheme, { memory: options.memory ?? DEFAULT_MEMORY });
  }

  /** Starts another text; its windows do not reach into the last one. `prompt`: what its writer was shown. */
  begin(prompt: Tokens = new Uint32Array(0)): void {
    this.#tally.add({ tokens: new Uint32Array(0), prompt });
    this.#continues = true;
  }

  /** Takes the next token. @throws RangeError for an id ≥ V */
  push(token: number): StreamState {
    if (!this.#continues) this.begin();
    this.#one[0] = token;
    this.#tally.add({ tokens: this.#one, continues: true });
    return this.state();
  }

  /** Where the stream stands. */
  state(): StreamState {
    const count = this.#tally.count();
    const now = log10E(this.#scheme.law, count);
    this.#maxLog10E = Math.max(this.#maxLog10E, now);
    this.#decide(count);
    return { kind: this.#kind, count, log10E: now, maxLog10E: this.#maxLog10E };
  }

  /** Confidence sequence of level 1 − α for the effect so far. */
  effect(): ConfidenceSequence {
    return confidenceSequence(this.#scheme.law, this.#tally.count(), this.#options.alpha);
  }

  #decide(count: Count): void {
    if (this.#kind === "detected") return;
    const { alpha, smallestEffect, budget } = this.#options;
    if (this.#maxLog10E >= -Math.log10(alpha)) this.#kind = "detected";
    else if (smallestEffect > 0 && isCheckpoint(count.n) && this.effect().upper < smallestEffect) {
      this.#kind = "effect-too-small";
    } else if (count.n >= budget) this.#kind = "budget-spent";
  }
}

/** The confidence sequence takes bisection, so futility is looked at every 64 coins. */
function isCheckpoint(n: number): boolean {
  return n > 0 && n % 64 === 0;
}
