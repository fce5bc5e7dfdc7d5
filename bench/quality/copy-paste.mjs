// Marked passages pasted into human and unmarked text: our scan beside WinMax and TextSeal's windows, all at the same
// true false-alarm rate. The rivals are calibrated on the hosts under decoy keys; ours is not calibrated.
//   node bench/quality/copy-paste.mjs [--h=1|2|4] [--host=N] [--time=1] [--trials=N] [--nulls=N]
// Writes bench/results/copy-paste.json. With --h or --host only those cells are run; others of the same settings are kept, and
// times are measured only with --time=1. Some 10 minutes.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { bindScheme, createKernel } from "@verdigris/core";
import { Tally, binomialLog10P, decoyKey, localise } from "@verdigris/detector";
import { loadMaterial, randomStream } from "@verdigris/survival";
import { fileURLToPath } from "node:url";

const option = (name, usual) =>
  Number(process.argv.find((arg) => arg.startsWith(`--${name}=`))?.split("=")[1] ?? usual);
const TRIALS = option("trials", 200);
const NULLS = option("nulls", 1000);
const ALPHA = 0.01;
const HOSTS = [1000, 3000, 10_000];
const INSERTS = [20, 30, 40, 60, 80, 100, 300, 500, 1000];
const at = (path) => fileURLToPath(new URL(`../../fixtures/corpora/${path}`, import.meta.url));

const material = await loadMaterial(at("smollm2/manifest.json"), {
  files: [at("human/sotu.txt.br"), at("human/moby-dick.txt.br")],
  tokensPerFile: 150_000,
});
const kernel = createKernel();
const joined = (texts) => Uint32Array.from(texts.flatMap(({ tokens }) => [...tokens]));
const hosts = { human: joined(material.human), unmarked: joined(material.unmarked) };

const results = new URL("../results/copy-paste.json", import.meta.url);
const settings = {
  alpha: ALPHA,
  trials: TRIALS,
  nullTexts: NULLS,
  hosts: "State of the Union, Moby Dick; SmolLM2-135M unmarked",
};
const [onlyH, onlyHost] = [option("h", 0), option("host", 0)];
const wanted = ({ h, host }) => (onlyH || h) === h && (onlyHost || host) === host;
const before = kept();
const rows = before.rows.filter((row) => !wanted(row));
const nulls = before.nulls.filter((row) => !wanted(row));

for (const { profile, key, texts } of material.arms) {
  const scheme = bindScheme(profile, key, kernel);
  const marked = joined(texts);
  for (const n of HOSTS.filter((host) => wanted({ h: profile.h, host }))) {
    const critical = calibrate(profile, n);
    nulls.push({ h: scheme.h, host: n, ...critical.alarms });
    console.log(`h=${scheme.h} host ${n}, no insert:`, JSON.stringify(critical.alarms));
    for (const length of INSERTS.filter((insert) => insert < n)) {
      rows.push(trial({ profile, key, scheme, marked, n, length, critical }));
      const { power, h, intervalCoverage } = rows.at(-1);
      console.log(`h=${h} host ${n} insert ${length}:`, JSON.stringify(power), intervalCoverage);
    }
  }
}

const leads = rows.map(({ lead }) => lead.mean);
const order = (a, b) => a.h - b.h || a.host - b.host;
const result = {
  command: "node bench/quality/copy-paste.mjs",
  machine: cpus()[0].model,
  ...settings,
  /** Our power less the better rival's, over all cells; each has its own with the standard error. */
  lead: {
    smallest: Math.min(...leads),
    mean: leads.reduce((sum, lead) => sum + lead, 0) / leads.length,
    significantlyBehind: rows.filter(({ lead }) => lead.mean < -2 * lead.standardError).length,
    significantlyAhead: rows.filter(({ lead }) => lead.mean > 2 * lead.standardError).length,
  },
  seconds: onlyH + onlyHost > 0 && option("time", 0) === 0 ? before.seconds : timings(),
  nulls: nulls.toSorted(order),
  rows: rows.toSorted(order),
};
writeFileSync(results, `${JSON.stringify(result, null, 2)}\n`);

/** What was measured before with the same settings. */
function kept() {
  const none = { rows: [], nulls: [], seconds: [] };
  if (!existsSync(results)) return none;
  const old = JSON.parse(readFileSync(results, "utf8"));
  return Object.entries(settings).every(([name, value]) => old[name] === value) ? old : none;
}

/** How long the scan takes: human text with a marked passage of 200 tokens in each 5,000. */
function timings() {
  const [{ profile, key, texts }] = material.arms;
  const marked = joined(texts);
  const random = randomStream("copy-paste time");
  return [10_000, 100_000, 1_000_000].map((n) => {
    const tokens = Uint32Array.from({ length: n }, (_, i) => hosts.human[i % hosts.human.length]);
    for (let from = 2000; from + 200 < n; from += 5000)
      tokens.set(stretch(marked, 200, random), from);
    localise(profile, key, { tokens: tokens.subarray(0, 10_000) }, { kernel });
    const started = performance.now();
    const spans = localise(profile, key, { tokens }, { kernel }).length;
    return { tokens: n, spans, seconds: Number(((performance.now() - started) / 1000).toFixed(3)) };
  });
}

/** A stretch of `length` tokens of a text that goes round. */
function stretch(tokens, length, random) {
  const start = Math.floor(random.next() * (tokens.length - length));
  return tokens.subarray(start, start + length);
}

/** The coins that count, as all three see them. */
function coinsOf(scheme, tokens) {
  const positions = [];
  const scores = [];
  new Tally(scheme, {
    observe(where, score, count) {
      for (let i = 0; i < count; i++) {
        positions.push(where[i]);
        scores.push(score[i]);
      }
    },
  }).add({ tokens });
  return { positions, flags: Uint8Array.from(scores) };
}

/**
 * lm-watermarking's WinMax, all lengths 1 … T − 1: the largest z, uncorrected. A token more adds at most one green, so
 * lengths that cannot win are passed over.
 */
function winMax(flags, gamma) {
  const n = flags.length;
  const sums = greenBefore(flags);
  const z = (green, length) => (green - gamma * length) / Math.sqrt(length * gamma * (1 - gamma));
  let best = { statistic: -Infinity, start: 0, end: 0 };
  for (let length = 1; length < n;) {
    let [most, start] = [-1, 0];
    for (let i = 0; i + length <= n; i++) {
      const green = sums[i + length] - sums[i];
      if (green > most) [most, start] = [green, i];
    }
    const statistic = z(most, length);
    if (statistic > best.statistic) best = { statistic, start, end: start + length };
    do {
      most++;
      length++;
    } while (length < n && z(most, length) <= best.statistic);
  }
  return best;
}

/** Green tokens before each place. (T + 1) */
function greenBefore(flags) {
  const sums = new Int32Array(flags.length + 1);
  for (let i = 0; i < flags.length; i++) sums[i + 1] = sums[i] + flags[i];
  return sums;
}

/** TextSeal's localisation: lengths 50, 100, 200 …, half a length apart; the smallest p times the number of windows. */
function dyadic(flags, gamma) {
  const n = flags.length;
  const sums = greenBefore(flags);
  let best = { statistic: -Infinity, start: 0, end: 0 };
  for (let length = Math.min(n, 50); length <= n; length *= 2) {
    const step = Math.max(1, length >> 1);
    for (let start = 0; start + length <= n; start += step) {
      const green = sums[start + length] - sums[start];
      if (green <= gamma * length) continue;
      const statistic = -binomialLog10P(green, length, gamma);
      if (statistic > best.statistic) best = { statistic, start, end: start + length };
    }
  }
  return best;
}

/** Statistics that the rivals exceed in at most ALPHA of hosts free of the mark, and our own alarms there. */
function calibrate(profile, n) {
  const { gamma } = profile.parameters;
  const random = randomStream("copy-paste nulls", profile.h, n);
  const [winMaxes, dyadics] = [[], []];
  let alarms = 0;
  for (let i = 0; i < NULLS; i++) {
    const tokens = stretch(i % 2 === 0 ? hosts.human : hosts.unmarked, n, random);
    const key = decoyKey(i);
    const { flags } = coinsOf(bindScheme(profile, key, kernel), tokens);
    winMaxes.push(winMax(flags, gamma).statistic);
    dyadics.push(dyadic(flags, gamma).statistic);
    if (localise(profile, key, { tokens }, { alpha: ALPHA, kernel }).length > 0) alarms++;
  }
  const quantile = (values) => values.sort((a, b) => b - a)[Math.floor(ALPHA * NULLS)];
  return {
    winMax: quantile(winMaxes),
    dyadic: quantile(dyadics),
    alarms: {
      oursAlarmRate: alarms / NULLS,
      winMaxCritical: quantile(winMaxes),
      dyadicCritical: 10 ** -quantile(dyadics),
    },
  };
}

/** One cell: how often each rejects, and how far the ends of what it found are from the true ones. */
function trial({ profile, key, scheme, marked, n, length, critical }) {
  const { gamma } = profile.parameters;
  const random = randomStream("copy-paste", profile.h, n, length);
  const hitBy = { ours: [], winMax: [], dyadic: [] };
  const errors = { ours: [], winMax: [], dyadic: [] };
  const widths = [];
  let [covered, spans] = [0, 0];
  for (let i = 0; i < TRIALS; i++) {
    const host = stretch(i % 2 === 0 ? hosts.human : hosts.unmarked, n - length, random);
    const from = Math.floor(random.next() * (host.length + 1));
    const tokens = new Uint32Array(n);
    tokens.set(host.subarray(0, from));
    tokens.set(stretch(marked, length, random), from);
    tokens.set(host.subarray(from), from + length);
    const to = from + length;
    const { positions, flags } = coinsOf(scheme, tokens);
    for (const [name, find] of Object.entries({ winMax, dyadic })) {
      const found = find(flags, gamma);
      if (found.statistic <= critical[name]) continue;
      const [start, end] = [positions[found.start], positions[found.end - 1] + 1];
      if (start >= to || end <= from) continue;
      hitBy[name][i] = 1;
      errors[name].push((Math.abs(start - from) + Math.abs(end - to)) / 2);
    }
    const found = localise(profile, key, { tokens }, { alpha: ALPHA, kernel });
    const hits = found.filter(({ start, end }) => start < to && end > from);
    if (hits.length === 0) continue;
    hitBy.ours[i] = 1;
    spans += hits.length;
    const best = hits.reduce((a, b) => (a.log10P <= b.log10P ? a : b));
    errors.ours.push((Math.abs(best.start - from) + Math.abs(best.end - to)) / 2);
    const inside = ([low, high], where) => Number(low <= where && where <= high);
    covered += inside(best.startInterval, from) + inside(best.endInterval, to);
    for (const [low, high] of [best.startInterval, best.endInterval]) widths.push(high - low);
  }
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1] ?? null;
  const power = Object.fromEntries(
    Object.entries(hitBy).map(([name, hits]) => [name, hits.filter(Boolean).length / TRIALS]),
  );
  return {
    h: profile.h,
    host: n,
    insert: length,
    power,
    lead: leadOf(hitBy, power.winMax >= power.dyadic ? "winMax" : "dyadic"),
    medianBoundaryError: Object.fromEntries(
      Object.entries(errors).map(([name, values]) => [name, median(values)]),
    ),
    intervalCoverage: widths.length === 0 ? null : covered / widths.length,
    medianIntervalTokens: median(widths),
    spansPerHit: widths.length === 0 ? null : (2 * spans) / widths.length,
  };
}

/** Our power less the better rival's on the same texts, with its standard error. */
function leadOf(hitBy, rival) {
  const differences = Array.from(
    { length: TRIALS },
    (_, i) => (hitBy.ours[i] ?? 0) - (hitBy[rival][i] ?? 0),
  );
  const mean = differences.reduce((sum, lead) => sum + lead, 0) / TRIALS;
  const variance = differences.reduce((sum, lead) => sum + (lead - mean) ** 2, 0) / (TRIALS - 1);
  return { over: rival, mean, standardError: Math.sqrt(variance / TRIALS) };
}
