// How often the scan for marked spans reports one in texts that have none: the family-wise rate that `localise` promises.
// Human and unmarked text in stretches of many lengths, under keys that nobody uses, one key a text.
//   node bench/quality/scan-alarms.mjs [--texts=N]
// Writes bench/results/scan-alarms.json. Exit code 1 where an upper 95 % bound is above 1.3 α. Some 10 minutes of one core.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { createKernel } from "@verdigris/core";
import { clopperPearson, decoyKey, localise } from "@verdigris/detector";
import { loadMaterial, randomStream } from "@verdigris/survival";
import { fileURLToPath } from "node:url";

const LENGTHS = [250, 400, 640, 1000, 1600, 2500, 4000, 6400, 10_000];
const ALPHAS = [0.01, 0.001];
const LIMIT = 1.3;
/** Texts of a length and a profile: fewer of the long ones, which take longer. */
const TEXTS = Number(process.argv.find((arg) => arg.startsWith("--texts="))?.slice(8) ?? 6000);
const textsOf = (length) => Math.round(TEXTS / Math.max(1, length / 2500));
const at = (path) => fileURLToPath(new URL(`../../fixtures/corpora/${path}`, import.meta.url));

const { human, unmarked, arms } = await loadMaterial(at("smollm2/manifest.json"), {
  files: [at("human/sotu.txt.br"), at("human/moby-dick.txt.br")],
  tokensPerFile: 150_000,
});
const hosts = [human, unmarked].map((texts) =>
  Uint32Array.from(texts.flatMap(({ tokens }) => [...tokens])),
);
const kernel = createKernel();
let keys = 0;

const rows = LENGTHS.flatMap((length) =>
  ALPHAS.map((alpha) => {
    const counts = arms.map(({ profile }) => alarmsOf(profile, length, alpha));
    const [alarms, texts] = [0, 1].map((i) => counts.reduce((sum, count) => sum + count[i], 0));
    return rowOf({ length, alpha }, alarms, texts);
  }),
);
const pooled = ALPHAS.map((alpha) => {
  const own = rows.filter((row) => row.alpha === alpha);
  const [alarms, texts] = ["alarms", "texts"].map((name) =>
    own.reduce((sum, row) => sum + row[name], 0),
  );
  return rowOf({ length: "all", alpha }, alarms, texts);
});
console.table([...rows, ...pooled]);
const worst = Math.max(...pooled.map(({ alpha, upper }) => upper / alpha));
const result = { command: "node bench/quality/scan-alarms.mjs", machine: cpus()[0].model };
writeFileSync(
  new URL("../results/scan-alarms.json", import.meta.url),
  `${JSON.stringify({ ...result, hosts: "State of the Union, Moby Dick; SmolLM2-135M unmarked", limit: LIMIT, worst, pooled, rows }, null, 2)}\n`,
);
if (worst > LIMIT) process.exitCode = 1;

/** Alarms and texts. Keys are new for every text of the bench. */
function alarmsOf(profile, length, alpha) {
  const random = randomStream("scan alarms", profile.h, length, alpha);
  const texts = textsOf(length);
  let alarms = 0;
  for (let i = 0; i < texts; i++) {
    const host = hosts[i % hosts.length];
    const start = Math.floor(random.next() * (host.length - length));
    const piece = { tokens: host.subarray(start, start + length) };
    const key = decoyKey(1e9 + keys++);
    if (localise(profile, key, piece, { alpha, kernel }).length > 0) alarms++;
  }
  return [alarms, texts];
}

function rowOf(what, alarms, texts) {
  const { lower, upper } = clopperPearson(alarms, texts, 0.95);
  return { ...what, texts, alarms, rate: alarms / texts, lower, upper };
}
