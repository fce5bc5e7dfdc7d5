import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { type Tokens, createKernel } from "@verdigris/core";
import {
  ServingSketch,
  type SketchShape,
  type WindowHashes,
  windowHasher,
} from "@verdigris/detector";

/** Tokens of a prompt that are compared: a template, a system turn or a conversation sent again is nothing new. */
const PROMPT_WINDOW = 8;
/** No token has this id; it stands before a prompt. */
const BEFORE = 0xffff_fffd;

/** Gives a sketch that has counted nothing yet. */
export type EmptySketch = (shape: SketchShape) => ServingSketch;

/** Windows as hashes under a salt, and sketches that count them: alike in all collections that are to be merged. */
export class Hashing {
  /** Public id of the salt. */
  readonly id: string;
  readonly #kernel = createKernel();
  readonly #shape: Omit<SketchShape, "h">;
  /** Given out last. */
  #sketch: ServingSketch | null = null;
  readonly #prompts: (tokens: Tokens) => WindowHashes;
  /** By h. */
  readonly #windows = new Map<number, (tokens: Tokens) => WindowHashes>();

  /** @throws RangeError for a salt or width that no sketch can have */
  constructor(shape: Omit<SketchShape, "h">) {
    this.#shape = shape;
    this.id = bytesToHex(sha256(shape.salt)).slice(0, 16);
    this.#prompts = windowHasher({ ...shape, h: PROMPT_WINDOW }, this.#kernel);
    // Says now what would be said of the first answer.
    this.sketch(0);
  }

  /** As `empty`, of the shape that all have here. */
  sketch(h: number): ServingSketch {
    return this.empty({ ...this.#shape, h });
  }

  /** An empty sketch: the one given out before, if it has the shape. Four megabytes for each collection would be garbage by the second. */
  readonly empty: EmptySketch = (shape) => {
    if (this.#sketch?.hasShape(shape) === true) this.#sketch.clear();
    else this.#sketch = new ServingSketch(shape, this.#kernel);
    return this.#sketch;
  };

  /** The windows of an answer that some token of it follows. */
  windows(h: number, tokens: Tokens): WindowHashes {
    const hash = this.#windows.get(h) ?? windowHasher({ ...this.#shape, h }, this.#kernel);
    this.#windows.set(h, hash);
    return hash(tokens);
  }

  /** The windows that end at each token of a prompt. */
  prompt(tokens: Tokens): WindowHashes {
    const padded = new Uint32Array(tokens.length + PROMPT_WINDOW).fill(BEFORE);
    padded.set(tokens, PROMPT_WINDOW - 1);
    return this.#prompts(padded);
  }
}
