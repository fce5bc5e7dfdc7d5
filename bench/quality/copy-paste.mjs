// Marked passages pasted into human and unmarked text: our scan beside WinMax and TextSeal's windows, all at the same
// true false-alarm rate. The rivals are calibrated on the hosts under decoy keys, a value that several hosts share
// rejecting with the probability that makes the rate α exactly; ours is not calibrated. The errors of the leads are those of the
// texts and of the rivals' thresholds (bootstrap of their hosts).
//   node bench/quality/copy-paste.mjs [--h=1|2|4] [--host=N] [--time=1] [--trials=N] [--nulls=N]
// Writes bench/results/copy-paste.json. With --h or --host only those cells are run; others of the same settings are kept, and
// times are measured only with --time=1. --nulls is the number of hosts free of the mark; half are taken of the longest. Some
// 8 minutes of one core.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { bindScheme, createKernel } from "@verdigris/core";
import { Tally, decoyKey, localise } from "@verdigris/detector";
import { loadMaterial, randomStream } from "@verdigris/survival";
import { fileURLToPath } from "node:url";
import {
  bootstrapped,
  deviationOf,
  dyadic,
  hitsAt,
  meanOf,
  summary,
  threshold,
  topValues,
  weighted,
  winMax,
} from "./scan-rivals.mjs";

const option = (name, usual) =>
  Number(process.argv.find((arg) => arg.startsWith(`--${name}=`))?.split("=")[1] ?? usual);
const TRIALS = option("trials", 200);
const NULLS = option("nulls", 36_000);
/** Our own alarms are counted on two of this many hosts, one of each kind: no threshold rests on them. */
const OURS_OF = 12;
const ALPHA = 0.01;
const HOSTS = [1000, 3000, 10_000];
const INSERTS = [20, 30, 40, 60, 80, 100, 300, 500, 1000];
/** Few short inserts are found, and their ends' intervals need many; from 300 tokens on everybody finds everything. */
const trialsOf = (insert) =>
  insert <= 20 ? 8 * TRIALS : insert <= 30 ? 3 * TRIALS : insert < 300 ? TRIALS : TRIALS / 4;
/** Hosts free of the mark that a threshold rests on. */
const nullsOf = (host) => (host < 10_000 ? NULLS : NULLS / 2);
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
  trials: Object.fromEntries(INSERTS.map((insert) => [insert, trialsOf(insert)])),
  nullTexts: Object.fromEntries(HOSTS.map((host) => [host, nullsOf(host)])),
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
      const { power, h, intervals } = rows.at(-1);
      console.log(`h=${h} host ${n} insert ${length}:`, JSON.stringify({ ...power, intervals }));
    }
  }
}

const order = (a, b) => a.h - b.h || a.host - b.host;
rows.sort(order); // Means must not depend on which cells were run last.
const result = {
  command: "node bench/quality/copy-paste.mjs",
  machine: cpus()[0].model,
  ...settings,
  leads: summary(rows.flatMap(({ leads }) => Object.values(leads))),
  byInsert: INSERTS.map(byInsert),
  seconds: onlyH + onlyHost > 0 && option("time", 0) === 0 ? before.seconds : timings(),
  nulls: nulls.toSorted(order),
  rows,
};
writeFileSync(results, `${JSON.stringify(result, null, 2)}\n`);

/** The leads at one length of insert over all h and hosts, whose texts are independent. */
function byInsert(insert) {
  const cells = rows.filter((row) => row.insert === insert);
  const mean = (of) => cells.reduce((sum, cell) => sum + of(cell), 0) / cells.length;
  const pooled = (rival) => ({
    mean: mean(({ leads }) => leads[rival].mean),
    standardError: Math.sqrt(mean(({ leads }) => leads[rival].standardError ** 2) / cells.length),
  });
  const found = cells.reduce((sum, { intervals }) => sum + (intervals?.found ?? 0), 0);
  return {
    insert,
    power: Object.fromEntries(
      ["ours", "winMax", "dyadic"].map((name) => [name, mean(({ power }) => power[name])]),
    ),
    leads: { winMax: pooled("winMax"), dyadic: pooled("dyadic") },
    intervals: {
      found,
      ...weighted(
        cells.flatMap(({ intervals }) => intervals ?? []),
        found,
      ),
    },
  };
}

/** What was measured before with the same settings. */
function kept() {
  const none = { rows: [], nulls: [], seconds: [] };
  if (!existsSync(results)) return none;
  const old = JSON.parse(readFileSync(results, "utf8"));
  return Object.entries(settings).every(
    ([name, value]) => JSON.stringify(old[name]) === JSON.stringify(value),
  )
    ? old
    : none;
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

/** The rivals' thresholds at a true rate of ALPHA on hosts free of the mark, and our own alarms there. */
function calibrate(profile, n) {
  const { gamma } = profile.parameters;
  const random = randomStream("copy-paste nulls", profile.h, n);
  const [winMaxes, dyadics] = [[], []];
  let [alarms, looks] = [0, 0];
  for (let i = 0; i < nullsOf(n); i++) {
    const tokens = stretch(i % 2 === 0 ? hosts.human : hosts.unmarked, n, random);
    // Hosts of other lengths have other keys: they have much text in common.
    const key = decoyKey(n * NULLS + i);
    const { flags } = coinsOf(bindScheme(profile, key, kernel), tokens);
    winMaxes.push(winMax(flags, gamma).statistic);
    dyadics.push(dyadic(flags, gamma).statistic);
    if (i % OURS_OF > 1) continue;
    looks++;
    if (localise(profile, key, { tokens }, { alpha: ALPHA, kernel }).length > 0) alarms++;
  }
  const [ofWinMax, ofDyadic] = [winMaxes, dyadics].map((statistics) => {
    const top = topValues(statistics, ALPHA);
    return { ...threshold(top), others: bootstrapped(top, random) };
  });
  return {
    winMax: ofWinMax,
    dyadic: ofDyadic,
    alarms: {
      nulls: nullsOf(n),
      oursAlarmRate: alarms / looks,
      oursTexts: looks,
      winMaxCritical: ofWinMax.value,
      dyadicCritical: 10 ** -ofDyadic.value,
    },
  };
}

/** One cell: how often each rejects, and how far the ends of what it found are from the true ones. */
function trial({ profile, key, scheme, marked, n, length, critical }) {
  const { gamma } = profile.parameters;
  const random = randomStream("copy-paste", profile.h, n, length);
  const trials = trialsOf(length);
  const ours = Array.from({ length: trials }, () => 0);
  const foundBy = { winMax: [], dyadic: [] };
  const errors = { ours: [], winMax: [], dyadic: [] };
  const [widths, covered] = [[], []];
  let spans = 0;
  for (let i = 0; i < trials; i++) {
    const host = stretch(i % 2 === 0 ? hosts.human : hosts.unmarked, n - length, random);
    const from = Math.floor(random.next() * (host.length + 1));
    const tokens = new Uint32Array(n);
    tokens.set(host.subarray(0, from));
    tokens.set(stretch(marked, length, random), from);
    tokens.set(host.subarray(from), from + length);
    const to = from + length;
    const { positions, flags } = coinsOf(scheme, tokens);
    for (const [name, find] of Object.entries({ winMax, dyadic })) {
      const { statistic, start: first, end: last } = find(flags, gamma);
      const [start, end] = [positions[first], positions[last - 1] + 1];
      const touches = start < to && end > from;
      foundBy[name].push({ statistic, touches });
      if (touches && statistic >= critical[name].value)
        errors[name].push((Math.abs(start - from) + Math.abs(end - to)) / 2);
    }
    const found = localise(profile, key, { tokens }, { alpha: ALPHA, kernel });
    const hits = found.filter(({ start, end }) => start < to && end > from);
    if (hits.length === 0) continue;
    ours[i] = 1;
    spans += hits.length;
    const best = hits.reduce((a, b) => (a.log10P <= b.log10P ? a : b));
    errors.ours.push((Math.abs(best.start - from) + Math.abs(best.end - to)) / 2);
    const inside = ([low, high], where) => (low <= where && where <= high ? 1 : 0);
    covered.push((inside(best.startInterval, from) + inside(best.endInterval, to)) / 2);
    for (const [low, high] of [best.startInterval, best.endInterval]) widths.push(high - low);
  }
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1] ?? null;
  const hits = (name) => hitsAt(foundBy[name], critical[name]);
  const power = {
    ours: meanOf(ours).mean,
    winMax: meanOf(hits("winMax")).mean,
    dyadic: meanOf(hits("dyadic")).mean,
  };
  const leadOver = (name) => leadOf(ours, foundBy[name], critical[name]);
  return {
    h: profile.h,
    host: n,
    insert: length,
    power,
    leads: { winMax: leadOver("winMax"), dyadic: leadOver("dyadic") },
    medianBoundaryError: Object.fromEntries(
      Object.entries(errors).map(([name, values]) => [name, median(values)]),
    ),
    intervals: covered.length === 0 ? null : { found: covered.length, ...meanOf(covered) },
    medianIntervalTokens: median(widths),
    spansPerHit: covered.length === 0 ? null : spans / covered.length,
  };
}

/** Our power less a rival's on the same texts. Its error is that of the texts and that of the rival's threshold. */
function leadOf(ours, found, critical) {
  const { mean, standardError: ofTexts } = meanOf(
    hitsAt(found, critical).map((hit, i) => ours[i] - hit),
  );
  const powers = critical.others.map((other) => meanOf(hitsAt(found, other)).mean);
  const ofThreshold = deviationOf(powers);
  return { mean, standardError: Math.hypot(ofTexts, ofThreshold), ofThreshold };
}
