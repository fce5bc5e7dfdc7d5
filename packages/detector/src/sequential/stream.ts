import {
  type Key,
  type Kernel,
  type Profile,
  type Scheme,
  type Tokens,
  bindScheme,
  createKernel,
} from "@verdigris/core";
import { type Count, Tally } from "../tally.js";
import { type ConfidenceSequence, type Seen, confidenceSequence, eProcess } from "./e-process.js";
import { type StopKind, type StopOptions, StopRule } from "./stopping.js";

/** When a stream stops asking for more text, and how much it remembers. */
export interface StreamOptions extends StopOptions {
  /** Coins remembered exactly (8 bytes each); later ones are kept approximately, and some are dropped. Default 2^20. */
  readonly memory?: number;
  readonly kernel?: Kernel;
}

/** Where a stream stands. `detected` stays, whatever comes after it. */
export interface StreamState {
  readonly kind: StopKind;
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
  readonly #rule: StopRule;
  readonly #log10E: (seen: Seen) => number;
  readonly #one = new Uint32Array(1);
  #continues = false;

  /** @throws RangeError for α outside (0, 1) */
  constructor(profile: Profile, key: Key, options: StreamOptions = {}) {
    this.#rule = new StopRule(options);
    this.#scheme = bindScheme(profile, key, options.kernel ?? createKernel());
    this.#log10E = eProcess(this.#scheme.law);
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
    const now = this.#log10E(count);
    this.#rule.look(count.n, now, () => this.effect().upper);
    return { kind: this.#rule.kind, count, log10E: now, maxLog10E: this.#rule.maxLog10E };
  }

  /** Confidence sequence of level 1 − α for the effect so far. */
  effect(): ConfidenceSequence {
    return confidenceSequence(this.#scheme.law, this.#tally.count(), this.#rule.alpha);
  }
}
