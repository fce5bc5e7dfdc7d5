// The picture of a report in the READMEs: node bench/quality/report-screenshot.mjs (needs Chromium, see tests/browser).
// Writes packages/docs/guide/images/report.png.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const images = join(root, "packages/docs/guide/images");
const folder = mkdtempSync(join(tmpdir(), "verdigris-screenshot-"));
const report = join(folder, "report.html");

// A checkout makes files readable by all, and the command warns about such keys; this one is public.
chmodSync(join(root, "fixtures/corpora/test-key.txt"), 0o600);
const { status } = spawnSync(
  process.execPath,
  [
    "packages/cli/bin/verdigris.js",
    "score",
    "fixtures/corpora/samples/mixed.txt",
    "--profile=fixtures/corpora/smollm2/profile-h1.json",
    "--key-file=fixtures/corpora/test-key.txt",
    "--tokenizer=fixtures/models/smollm2/tokenizer.json",
    `--report=${report}`,
  ],
  { cwd: root, stdio: "inherit" },
);
if (status !== 0) throw new Error(`score: expected exit code 0, got ${status}`);

mkdirSync(images, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
const page = await browser.newPage({
  viewport: { width: 980, height: 1480 },
  deviceScaleFactor: 0.8,
});
await page.goto(pathToFileURL(report).href);
const path = join(images, "report.png");
// The bar with its buttons keeps to the edge of the window and would cover the text.
await page.addStyleTag({ content: "#choose { position: static !important }" });
await page.screenshot({ path });
await browser.close();
rmSync(folder, { recursive: true });
console.log(`wrote ${path}: ${Math.round(statSync(path).size / 1000)} kB`);
