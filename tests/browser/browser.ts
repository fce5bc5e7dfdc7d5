/** Reports in a real browser: Chromium, driven over its own protocol, without a network. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import axe, { type AxeResults } from "axe-core";
import { type Browser, type Page, chromium } from "playwright-core";

/** Where Debian's package has it; elsewhere CHROMIUM names it. */
const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

const ARGS = [
  // The tests may run as root, where the sandbox cannot; they open only pages of their own making.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Milliseconds: a busy machine is no failure. */
const PATIENCE = 120_000;

/** How a reader looks at a page. */
export interface Look {
  readonly colorScheme?: "light" | "dark";
  readonly width?: number;
}

/** A page that is open, and what it did that a report must not. */
export interface OpenPage {
  readonly page: Page;
  /** Messages of the console, and errors nobody caught. */
  readonly said: readonly string[];
  /** Addresses it asked for besides its own. */
  readonly asked: readonly string[];
}

/** A browser for the tests of one file. @throws Error naming what to install */
export async function startBrowser(): Promise<{
  open: (html: string, look?: Look) => Promise<OpenPage>;
  close: () => Promise<void>;
}> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(
      `Chromium: expected an executable at ${CHROMIUM}; install Debian's package chromium, or name one in CHROMIUM`,
    );
  }
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ARGS,
    timeout: PATIENCE,
  });
  const folder = mkdtempSync(join(tmpdir(), "verdigris-browser-"));
  let n = 0;
  return {
    open: (html, look = {}) => {
      const path = join(folder, `${n++}.html`);
      writeFileSync(path, html);
      return open(browser, pathToFileURL(path).href, look);
    },
    close: async () => {
      await browser.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function open(browser: Browser, url: string, look: Look): Promise<OpenPage> {
  const { colorScheme = "light", width = 1280 } = look;
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const said: string[] = [];
  const asked: string[] = [];
  page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => said.push(error.message));
  page.on("request", (request) => {
    if (request.url() !== url) asked.push(request.url());
  });
  await page.goto(url);
  return { page, said, asked };
}

/** Violations of all accessibility rules, or of the named ones, with the elements that break them. */
export async function violations(page: Page, ...rules: string[]): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const options = JSON.stringify(rules.length === 0 ? {} : { runOnly: rules });
  const { violations: found } = await page.evaluate<AxeResults>(`axe.run(document, ${options})`);
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(", ")}`);
}
