// What speed.mjs compares: how this package does a task, how a peer is asked for it, and how the outputs are compared.
import { readFileSync } from "node:fs";
import {
  Key,
  bindScheme,
  createKernel,
  largestFirst,
  parseProfile,
  seedArrays,
} from "@verdigris/core";
import { Tally } from "@verdigris/detector";
import { asPeer } from "@verdigris/detector/peers";
import { profileOf } from "../../speed/profiles.mjs";
import { marks } from "./peers.mjs";

const SIZES = [49_152, 128_256, 262_144];
const TOP_K = 100;
const TEXTSEAL = { profile: "textseal-green-list", peer: "textseal", key: "424242", h: 2 };
/** Largest difference of a probability after a tournament: the peers compute in float32. */
const SYNTHID_TOLERANCE = 5e-6;

const markOf = (profile, peer) =>
  marks.find((mark) => mark.profile === profile && (peer === undefined || mark.peer === peer));
const HF_LEFT = markOf("hf-lefthash");
const HF_LEFT_HALF = { ...HF_LEFT, gamma: 0.5 };
const SYNTHID = markOf("synthid-hf", "transformers");
const SYNTHID_TEXT = { ...markOf("synthid-hf", "synthid-text"), topK: TOP_K };

/** Steps of embedding; goals are least ratios. */
export function embeddings() {
  const biased = [
    ["HF left-hash, γ ¼", HF_LEFT, 4],
    ["HF left-hash, γ ½", HF_LEFT_HALF, 3],
    ["HF self-hash", markOf("hf-selfhash"), 20, 1],
    ["MarkLLM KGW, γ ½", markOf("markllm-kgw"), 3],
    ["MarkLLM Unigram", markOf("unigram"), 30],
    ["TextSeal green list", TEXTSEAL, 5],
  ];
  return SIZES.flatMap((V) => [
    ...biased.map(([name, mark, goal, calls]) => ({
      ...embedding(name, mark, { V, goal, calls }),
      ours: (size, row) => stepper({ row, scheme: schemeOf(mark, size) }),
      differ: largestDifference,
    })),
    {
      ...embedding("HF left-hash, γ ¼, context kept", HF_LEFT, { V, goal: 15 }),
      ours: (size, row) => stepper({ row, scheme: schemeOf(HF_LEFT, size), twice: true }),
      differ: largestDifference,
    },
    {
      ...embedding("Verdigris γ ¼ against HF left-hash", HF_LEFT, { V, goal: 15 }),
      ours: (size, row) => stepper({ row, scheme: ownScheme(size) }),
    },
    {
      ...embedding("HF SynthID, 30 layers, whole row", SYNTHID, { V, goal: 30, calls: 1 }),
      ours: (size, row) =>
        stepper({ row, scheme: schemeOf(SYNTHID, size), tolerance: SYNTHID_TOLERANCE }),
      differ: probabilityDifference,
    },
    {
      ...embedding(`synthid-text, top ${TOP_K}`, SYNTHID_TEXT, { V, goal: 4 }),
      peer: { task: "candidates", mark: SYNTHID_TEXT },
      ours: topStepper,
      differ: candidateDifference,
    },
  ]);
}

function embedding(name, mark, rest) {
  return { name: `embed: ${name}`, peer: { task: "embed", mark }, ...rest };
}

/** Detection of a text. At large V the peers get fewer tokens, as they need minutes for 10^5. */
export function detections() {
  const rows = [
    ["HF left-hash", HF_LEFT, 30, [100_000, 10_000, 5_000], "z_score"],
    ["HF self-hash", markOf("hf-selfhash"), 15, [30_000, 10_000, 5_000], "z_score"],
    ["MarkLLM KGW", markOf("markllm-kgw"), 15, [20_000, 5_000, 3_000], "score"],
    ["MarkLLM Unigram", markOf("unigram"), null, [100_000, 100_000, 100_000], "score", true],
    ["SynthID, masks and mean", SYNTHID, 100, [100_000], "mean_score", true],
  ];
  return [
    ...rows.flatMap(([name, mark, goal, sizes, figure, quick = false]) =>
      sizes.map((tokens, i) => ({
        ...detection(name, mark, { V: SIZES[i], goal, tokens }),
        ours: (V) => detectorOf(mark, V, quick),
        check: (figures, text, V) => {
          const here = asPeer(profileOfMark(mark, V), Key.fromPeer(mark.key), text).figures[figure];
          return Math.abs(here - figures[figure]) / Math.max(1, Math.abs(here));
        },
      })),
    ),
    {
      ...detection("SynthID, g-values alone", SYNTHID, { V: SIZES[0], goal: 50, tokens: 100_000 }),
      peer: { task: "gValues", mark: SYNTHID },
      ours: (V) => {
        const read = batchReader(schemeOf(SYNTHID, V), 100_000);
        return { run: (text) => warmOnCpu(() => read(text)[0]) };
      },
      check: ({ sum }, text, V) => {
        const score = batchReader(schemeOf(SYNTHID, V), text.length)(text);
        return Math.abs(sum - score.reduce((all, one) => all + one, 0));
      },
    },
    {
      ...detection("HF left-hash, lists kept", HF_LEFT, {
        V: SIZES[0],
        goal: 1000,
        tokens: 100_000,
      }),
      theirs: 10_000,
      ours: (V) => detectorOf(HF_LEFT, V, true),
    },
    {
      ...detection("Verdigris against HF left-hash", HF_LEFT, {
        V: SIZES[0],
        goal: null,
        tokens: 100_000,
        theirs: 10_000,
      }),
      ours: (V) => {
        const scheme = ownScheme(V);
        return { run: (text) => warmOnCpu(() => tallyOf(scheme, text)) };
      },
    },
  ];
}

function detection(name, mark, rest) {
  return { name: `detect: ${name}`, peer: { task: "detect", mark }, ...rest };
}

// --- how this package does it ----------------------------------------------------------------------------------

function profileOfMark({ profile, gamma }, V) {
  const file = new URL(`../../../fixtures/profiles/${profile}.json`, import.meta.url);
  const stored = JSON.parse(readFileSync(file, "utf8"));
  const parameters = gamma === undefined ? stored.parameters : { ...stored.parameters, gamma };
  return parseProfile({ ...stored, V, parameters, specialTokens: [] });
}

/** Bound to a kernel of its own, which has kept nothing. */
function schemeOf(mark, V) {
  const kernel = createKernel();
  const scheme = bindScheme(profileOfMark(mark, V), Key.fromPeer(mark.key), kernel);
  return Object.assign(scheme, { kernel });
}

function ownScheme(V) {
  const kernel = createKernel();
  const profile = profileOf({ V, gamma: 0.25, h: 4, seeding: "left" });
  const scheme = bindScheme(profile, Key.fromBytes(new Uint8Array(32).fill(7)), kernel);
  return Object.assign(scheme, { kernel });
}

/** A step after text[0 … end − 1], in the kernel's own row; `twice`: the second step after the same text counts. */
function stepper({ row, scheme, twice = false, tolerance = 0 }) {
  const logits = scheme.kernel.row(row.length);
  const { h } = scheme;
  return {
    tolerance,
    last: () => logits,
    step(text, end) {
      const context = Uint32Array.from({ length: h }, (_, i) => text[end - h + i] ?? 0);
      const step = () => {
        logits.set(row);
        scheme.reweight(context, logits);
      };
      if (twice) step();
      return timed(step);
    },
  };
}

/** The same on the best candidates alone. */
function topStepper(V, row) {
  const scheme = schemeOf(SYNTHID_TEXT, V);
  const logits = new Float32Array(V);
  let found;
  return {
    tolerance: SYNTHID_TOLERANCE,
    last: () => found,
    step(text, end) {
      const context = Uint32Array.from(
        { length: scheme.h },
        (_, i) => text[end - scheme.h + i] ?? 0,
      );
      return timed(() => {
        logits.set(row);
        const ids = largestFirst(logits, TOP_K);
        found = { ids, logits: Float32Array.from(ids, (id) => logits[id]) };
        scheme.reweight(context, found.logits, found.ids);
      });
    },
  };
}

/** Scores of a text's positions, up to `most`, in arrays made once, as a tally has them. */
function batchReader(scheme, most) {
  const seeds = seedArrays(scheme, most);
  const scores = new Float64Array(most);
  return (text) => {
    const token = text.subarray(scheme.h);
    scheme.seeds(text, scheme.h, seeds);
    scheme.scores({ ...seeds, token, n: token.length }, scores);
    return scores.subarray(0, token.length);
  };
}

/** Counts a text with a scheme that has kept nothing. */
function coldTally(makeScheme, tokens) {
  const scheme = makeScheme();
  return timedOnCpu(() => tallyOf(scheme, tokens));
}

function tallyOf(scheme, tokens) {
  const tally = new Tally(scheme);
  tally.add({ tokens });
  return tally.count().sum;
}

/** `warm`: one scheme for all runs, for marks that keep nothing, or where kept lists are the point. */
function detectorOf(mark, V, warm) {
  if (!warm) return { run: (text) => coldTally(() => schemeOf(mark, V), text) };
  const scheme = schemeOf(mark, V);
  return { run: (text) => warmOnCpu(() => tallyOf(scheme, text)) };
}

/** Microseconds by the wall's clock: for what is too short for the other. */
function timed(run) {
  const start = performance.now();
  run();
  return (performance.now() - start) * 1000;
}

/** Microseconds of CPU time of this thread a run: its clock has steps of some milliseconds. */
function timedOnCpu(run, least = 0) {
  const start = process.threadCpuUsage();
  let [runs, spent] = [0, 0];
  do {
    run();
    runs++;
    const { user, system } = process.threadCpuUsage(start);
    spent = user + system;
  } while (spent < least);
  return spent / runs;
}

/** The same of what keeps nothing, over enough runs for the clock. */
function warmOnCpu(run) {
  return timedOnCpu(run, 200_000);
}

// --- how outputs are compared ----------------------------------------------------------------------------------

function largestDifference(file, ours, V) {
  const theirs = floats(Float32Array, file, V);
  return theirs.reduce((most, value, i) => Math.max(most, Math.abs(value - ours[i])), 0);
}

function probabilityDifference(file, ours, V) {
  const [a, b] = [softmax(floats(Float32Array, file, V)), softmax(ours)];
  return a.reduce((most, p, i) => Math.max(most, Math.abs(p - b[i])), 0);
}

/** The file holds ids, then values. */
function candidateDifference(file, { ids, logits }) {
  const numbers = floats(Float64Array, file, 2 * ids.length);
  const theirs = softmax(numbers.subarray(ids.length));
  const ours = new Map([...softmax(logits)].map((p, i) => [ids[i], p]));
  return theirs.reduce(
    (most, p, i) => Math.max(most, Math.abs(p - (ours.get(numbers[i]) ?? 2))),
    0,
  );
}

function floats(Type, file, n) {
  const bytes = readFileSync(file);
  return new Type(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
  ).subarray(0, n);
}

function softmax(logits) {
  const top = logits.reduce((most, x) => Math.max(most, x), -Infinity);
  const weights = Float64Array.from(logits, (x) => Math.exp(x - top));
  const total = weights.reduce((sum, x) => sum + x, 0);
  return weights.map((x) => x / total);
}
