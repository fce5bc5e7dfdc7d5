// The main job on recorded language-model output, as a newcomer sees it: pnpm run demo (npm start).
import { spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const corpora = "fixtures/corpora";
const settings = [
  `--profile=${corpora}/smollm2/profile-h1.json`,
  `--key-file=${corpora}/test-key.txt`,
  "--tokenizer=fixtures/models/smollm2/tokenizer.json",
];

// A checkout makes files readable by all, and the command warns about such keys; this one is public.
chmodSync(`${root}${corpora}/test-key.txt`, 0o600);

/** Loaded before the command: says at its end how much memory it took. */
const peak = `data:text/javascript,${encodeURIComponent(
  'process.on("exit", () => console.log(`(peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB)`));',
)}`;

const started = Date.now();
step("1. Score three texts with the provider's key (h = 1). Only the first was marked.");
for (const sample of ["marked", "unmarked", "human"]) {
  run(["score", `${corpora}/samples/${sample}.txt`, ...settings], [0, 1]);
}
step(
  "2. Train students on marked answers. Does the mark survive? Forecasts are written before training.",
);
run(["survive", "--config", "bench/quality/survival.json", "--out", "verdigris-report"], [0]);
step(
  `Done in ${Math.round((Date.now() - started) / 1000)} s. Open verdigris-report/report.html in a browser.`,
);

function step(words) {
  console.log(`\n━━ ${words}\n`);
}

/** Runs the command a user would type; exit codes other than the expected ones end the demo. */
function run(args, expected) {
  console.log(`$ npx verdigris ${args.join(" ")}`);
  const { status } = spawnSync(
    process.execPath,
    ["--import", peak, "packages/cli/bin/verdigris.js", ...args],
    {
      cwd: root,
      stdio: "inherit",
    },
  );
  if (!expected.includes(status ?? 2)) process.exit(status ?? 2);
}
