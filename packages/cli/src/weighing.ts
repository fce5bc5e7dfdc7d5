/** `--weights`: how much each position of a suspect text counts. */
import type { Profile } from "@verdigris/core";
import {
  type Piece,
  ServingSketch,
  type Weighting,
  entropyWeights,
  leverageWeights,
  repeatWeights,
  servedFilter,
} from "@verdigris/detector";
import { Option } from "commander";
import { inFile } from "@verdigris/text";
import { readBytes } from "./files.js";
import { type Io, locate } from "./io.js";
import { numberOption } from "./options.js";

/** What positions may be weighed by. */
const KINDS = ["entropy", "leverage", "served", "repeats"] as const;

/** Tokens that the model reads at a time, and those before them that it is shown. */
const [READ, SHOWN] = [1024, 128] as const;
/** Tokens that the entropy is taken over: nearly all of the mass, at a fraction of the time. */
const CANDIDATES = 100;

/** The options of `--weights`. */
export interface WeighingOptions {
  readonly weights?: (typeof KINDS)[number];
  readonly model?: string;
  readonly servingLog?: string;
  readonly inertia: number;
}

/** `--weights` and what it needs. */
export function weighingOptions(): readonly Option[] {
  return [
    new Option(
      "--weights <kind>",
      "let positions count by how much they can show: √H of --model, by --serving-log, or repeats in the text",
    ).choices(KINDS),
    new Option("--model <file>", "model (GGUF) for --weights entropy, run by node-llama-cpp"),
    new Option(
      "--serving-log <file>",
      "what sketch wrote, for --weights leverage (n/(n + κ)) or served",
    ),
    numberOption("--inertia <kappa>", "κ of --weights leverage", {
      min: 0,
      max: 1e9,
      open: "min",
    }).default(3),
  ];
}

/** Weighs the positions of one piece after another. Never sees the key. */
export interface Weighing {
  readonly kind: (typeof KINDS)[number];
  /** With what, in words. */
  readonly words: string;
  /** In [0, 1], 0 where too little of the text before is at hand. (tokens) */
  readonly weigh: (piece: Piece) => Promise<Float64Array>;
  readonly close: () => Promise<void>;
}

/**
 * The weighing that was asked for; null if none was.
 * @throws TypeError for options that do not go together; VerdigrisError FILE_* for a file that is none of its kind
 */
export async function weighingOf(
  io: Io,
  profile: Profile,
  { weights: kind, model, servingLog, inertia }: WeighingOptions,
): Promise<Weighing | null> {
  if (kind === undefined) {
    if (model === undefined && servingLog === undefined) return null;
    throw new TypeError("--weights: expected it with --model or --serving-log, got neither kind");
  }
  if (kind === "repeats") {
    if (model !== undefined || servingLog !== undefined)
      throw new TypeError(`--weights ${kind}: expected no other source than the text`);
    return weighedBy(kind, "how often a window occurs in its text", {
      weighting: repeatWeights(profile.h),
      h: profile.h,
    });
  }
  const [needed, other] =
    kind === "entropy" ? (["--model", servingLog] as const) : (["--serving-log", model] as const);
  const given = kind === "entropy" ? model : servingLog;
  if (given === undefined || other !== undefined)
    throw new TypeError(`--weights ${kind}: expected ${needed} FILE, and no other source`);
  if (kind === "entropy") return byEntropy(io, given);
  const sketch = await readSketch(locate(io, given), profile);
  const weighting = kind === "served" ? servedFilter(sketch) : leverageWeights(sketch, inertia);
  const words = `${kind === "served" ? "1 if served, else 0" : `n/(n + ${inertia})`}, n from a log of ${sketch.total} windows`;
  return weighedBy(kind, words, { weighting, h: profile.h });
}

/** @throws VerdigrisError FILE_NOT_FOUND, FILE_UNREADABLE or FILE_INVALID; RangeError for windows of another length */
async function readSketch(path: string, { h }: Profile): Promise<ServingSketch> {
  const bytes = await readBytes(path);
  const sketch = inFile(path, () => ServingSketch.fromBytes(bytes));
  if (sketch.h !== h)
    throw new RangeError(`--serving-log: expected windows of h = ${h} tokens, got ${sketch.h}`);
  return sketch;
}

/** Positions without h tokens before them in their piece weigh nothing. */
function weighedBy(
  kind: Weighing["kind"],
  words: string,
  { weighting, h }: { readonly weighting: Weighting; readonly h: number },
): Weighing {
  const weigh: Weighing["weigh"] = ({ tokens }) => {
    const weights = new Float64Array(tokens.length);
    if (tokens.length > h) weights.set(weighting(tokens, h), h);
    return Promise.resolve(weights);
  };
  return { kind, words, weigh, close: () => Promise.resolve() };
}

/** √(H / ln V) of the model's next-token law, at most 1. A long piece is read in parts, each after the end of the one before. */
async function byEntropy(io: Io, path: string): Promise<Weighing> {
  const model = await io.openModel({
    modelPath: locate(io, path),
    sequences: 1,
    contextSize: 2 * (READ + SHOWN),
    candidates: CANDIDATES,
  });
  const largest = Math.sqrt(Math.log(model.vocabularySize));
  const weigh = async ({ tokens, prompt }: Piece): Promise<Float64Array> => {
    const weights = new Float64Array(tokens.length);
    const isPrompted = prompt !== undefined && prompt.length > 0;
    for (let from = isPrompted ? 0 : 1; from < tokens.length; from += READ) {
      const shown =
        from === 0 ? prompt?.slice(-SHOWN) : tokens.subarray(Math.max(0, from - SHOWN), from);
      const part = tokens.subarray(from, from + READ);
      const roots = await entropyWeights(model, shown ?? part, part);
      weights.set(
        roots.map((root) => Math.min(1, root / largest)),
        from,
      );
    }
    return weights;
  };
  const words = `√H of the next token under ${path}`;
  return { kind: "entropy", words, weigh, close: () => Promise.resolve(model.dispose()) };
}
