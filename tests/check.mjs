/**
 * The workspace's one check. Every step runs, whatever the ones before it said; the last line is
 * `N passed, N failed`, where the test suite counts as its tests and any other step as one.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const scratch = await mkdtemp(join(tmpdir(), "verdigris-check-"));
const path = [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter);
const total = { passed: 0, failed: 0 };
const failures = [];

try {
  await step("format", ["oxfmt", "--check", "."]);
  await step("lint", ["oxlint", "."]);
  await step("build", ["tsc", "-b", "packages/cli"]);
  await step("types of the tests", ["tsc", "-p", "tests"]);
  await browser();
  await suite();
  await step("unused code", ["knip", "--no-config-hints"]);
  await packages();
} finally {
  await rm(scratch, { recursive: true, force: true });
}
if (failures.length > 0) console.log(`\nFailed: ${failures.join(", ")}`);
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** Runs a command as one test; what it prints is shown if it fails. */
async function step(name, [command, ...args]) {
  const start = performance.now();
  const { ok, output } = await run(command, args, "pipe");
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (!ok) console.log(`\n${output.trim()}\n`);
  console.log(`${ok ? "ok" : "FAILED"}  ${name} (${seconds} s)`);
  count(name, { passed: ok ? 1 : 0, failed: ok ? 0 : 1 });
}

/**
 * The reports are tested in Chromium (tests/browser; CHROMIUM may name another). Where it is missing and this runs as
 * root on Debian it is installed; else the tests that need it fail, and say what to install.
 */
async function browser() {
  const isHere = existsSync(process.env.CHROMIUM ?? "/usr/bin/chromium");
  if (isHere || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  const install = "apt-get update && apt-get install -y --no-install-recommends chromium";
  await step("install chromium", ["sh", "-c", install]);
}

/** Runs the test suite and counts its tests; a file that cannot be loaded is a failed test. */
async function suite() {
  const report = join(scratch, "tests.json");
  const args = ["run", "--config", "tests/vitest.config.ts", "--reporter=default"];
  const json = ["--reporter=json", `--outputFile.json=${report}`];
  const { ok } = await run("vitest", [...args, ...json], "inherit");
  const result = JSON.parse(await readFile(report, "utf8").catch(() => "{}"));
  const { testResults = [], numPassedTests = 0, numFailedTests = 0 } = result;
  const isBroken = ({ status, assertionResults }) =>
    status === "failed" && !assertionResults.some((test) => test.status === "failed");
  const failed = numFailedTests + testResults.filter(isBroken).length;
  // An error outside every test fails the run without failing a test.
  count("tests", { passed: numPassedTests, failed: ok ? failed : Math.max(failed, 1) });
}

/** Checks the archives that would be published, not the folders they are made from. */
async function packages() {
  await step("pack", ["pnpm", "-r", "pack", "--pack-destination", scratch]);
  const archives = (await readdir(scratch)).filter((file) => file.endsWith(".tgz")).toSorted();
  for (const archive of archives) {
    const file = join(scratch, archive);
    await step(`publint ${archive}`, ["publint", "run", file, "--strict"]);
    await step(`attw ${archive}`, ["attw", file, "--profile", "esm-only", "--no-emoji"]);
  }
}

function count(name, { passed, failed }) {
  total.passed += passed;
  total.failed += failed;
  if (failed > 0) failures.push(name);
}

/** Runs a command at the root: did it exit with 0, and what did it print? */
function run(command, args, stdio) {
  return new Promise((resolve) => {
    const env = { ...process.env, PATH: path };
    const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", stdio, stdio] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text) => (output += text));
    }
    child.on("error", ({ message }) => resolve({ ok: false, output: `${command}: ${message}` }));
    child.on("close", (code) => resolve({ ok: code === 0, output }));
  });
}
