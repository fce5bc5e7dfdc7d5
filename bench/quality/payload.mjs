// Payload error rates by length: texts of a count model of the recorded corpus, marked with a random payload and key each.
//
//   node bench/quality/payload.mjs [--json FILE]        needs built packages (pnpm build); bench/peers/codes for one column
//
// "bits wrong": share of message bits decoded wrongly; "claimed": mean posterior of the decoded payload, "right": how often it
// was the right one; "any": some payload detected at p ≤ 1e-3, "plain": a plain green list of the same γ and δ.
import { fileURLToPath } from "node:url";
import { Key, bindScheme, coinsOf, createKernel } from "@verdigris/core";
import { testProfile } from "@verdigris/core/testing";
import { detect, detectPayload } from "@verdigris/detector";
import { countTeacher, loadMaterial, randomStream, writeTexts } from "@verdigris/survival";
import { hardDecision } from "../peers/codes/hard-decision.mjs";
import { report, round } from "../speed/timing.mjs";

const LENGTHS = [50, 100, 200, 400, 800];
const ALPHA = 1e-3;
const kernel = createKernel();
const material = await loadMaterial(
  fileURLToPath(new URL("../../fixtures/corpora/smollm2/manifest.json", import.meta.url)),
  { files: [], tokensPerFile: 0 },
);
const V = material.vocabularySize;
const teacher = countTeacher(material.unmarked, { vocabularySize: V });

const profileOf = (scheme, parameters) =>
  testProfile({ V, h: 2, scheme, parameters, promptRule: "none" });

async function write(profile, key, name) {
  const [text] = await writeTexts(teacher, {
    scheme: bindScheme(profile, key, kernel),
    random: randomStream("payload", name),
    tokens: LENGTHS.at(-1),
    length: LENGTHS.at(-1),
    prompts: material.unmarked,
  });
  return text.tokens;
}

/** What a majority per code bit and the library's decoder make of a text; null if it gives up. */
function decodeHard(scheme, decodeBits, tokens) {
  const coins = coinsOf(scheme, tokens);
  const out = {
    index: new Uint32Array(coins.n),
    zero: new Float64Array(coins.n),
    one: new Float64Array(coins.n),
  };
  scheme.payload.read(coins, out);
  const lead = new Float64Array(scheme.payload.code.n);
  const seen = new Set();
  out.index.forEach((j, i) => {
    const coin = `${coins.seedLo[i]} ${coins.seedHi[i]} ${coins.token[i]}`;
    if (!seen.has(coin)) lead[j] += out.one[i] - out.zero[i];
    seen.add(coin);
  });
  return decodeBits(Uint8Array.from(lead, (each) => (each > 0 ? 1 : 0)));
}

function judge(profile, key, trial) {
  const { tokens, payload, plain, green, decodeBits, k } = trial;
  return LENGTHS.map((length) => {
    const text = tokens.subarray(0, length);
    const found = detectPayload(profile, key, [{ tokens: text }], { kernel });
    const wrong = found.payload ^ payload;
    const bits = Array.from({ length: k }, (_, i) => (wrong >>> i) & 1);
    const pair = [{ tokens: plain.subarray(0, length) }];
    return {
      scored: found.evidence.n,
      right: Number(wrong === 0),
      bitsWrong: bits.reduce((sum, bit) => sum + bit, 0) / k,
      claimed: found.coded.posterior,
      any: Number(found.log10P <= Math.log10(ALPHA)),
      plain: Number(
        detect(green, key, pair, { alpha: ALPHA, decoys: 0, kernel }).kind === "detected",
      ),
      hard: Number(
        decodeBits !== null &&
          decodeHard(bindScheme(profile, key, kernel), decodeBits, text) === payload,
      ),
    };
  });
}

const rows = [];
for (const { code, gamma, delta, trials } of [
  { code: "bch-63-10", gamma: 0.25, delta: 2, trials: 100 },
  { code: "bch-63-16", gamma: 0.25, delta: 2, trials: 100 },
  { code: "bch-63-16", gamma: 0.5, delta: 2, trials: 100 },
  { code: "bch-63-16", gamma: 0.25, delta: 1, trials: 100 },
  { code: "bch-127-22", gamma: 0.25, delta: 2, trials: 40 },
]) {
  const random = randomStream("payload", code, gamma, delta, "payloads");
  const runs = [];
  let decodeBits = null;
  for (let trial = 0; trial < trials; trial++) {
    const key = Key.fromBytes(new Uint8Array(32)).derive({
      provider: "payload",
      epoch: `${trial}`,
    });
    const blank = profileOf("green-list-payload", { gamma, delta, code, payload: 0 });
    const shape = bindScheme(blank, key, kernel).payload.code;
    decodeBits ??= hardDecision(shape);
    const payload = Math.floor(random.next() * 2 ** shape.k);
    const profile = { ...blank, parameters: { ...blank.parameters, payload } };
    const green = profileOf("green-list", { gamma, delta });
    const tokens = await write(profile, key, `${code} ${gamma} ${delta} ${trial}`);
    const plain = await write(green, key, `${code} ${gamma} ${delta} ${trial} plain`);
    runs.push(judge(blank, key, { tokens, payload, plain, green, decodeBits, k: shape.k }));
  }
  LENGTHS.forEach((length, i) => {
    const mean = (name) => runs.reduce((sum, run) => sum + run[i][name], 0) / trials;
    rows.push({
      code,
      gamma,
      delta,
      tokens: length,
      "scored coins": Math.round(mean("scored")),
      trials,
      "payload errors": round(1 - mean("right")),
      "bits wrong": round(mean("bitsWrong")),
      claimed: round(mean("claimed")),
      right: round(mean("right")),
      any: round(mean("any")),
      plain: round(mean("plain")),
      "payload errors, hard decision": decodeBits === null ? null : round(1 - mean("hard")),
    });
  });
  console.error(`${code}, gamma ${gamma}, delta ${delta}: done`);
}
report("payload", rows, {
  teacher: "count model of order 3 of the recorded unmarked SmolLM2 corpus, 100 candidates, h = 2",
  alpha: ALPHA,
  hardDecision:
    "majority per code bit, then @zxing/library 0.23.0's Reed–Solomon decoder (bench/peers/codes)",
});
