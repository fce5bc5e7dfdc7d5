import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { createKernel } from "@verdigris/core";
import { DetectionStream, detect } from "@verdigris/detector";
import { describe, expect, test } from "vitest";
import { analyse } from "../src/report/analysis.js";
import {
  KEY,
  type Outcome,
  PROFILE,
  TOKENIZER,
  cli,
  file,
  inFolder,
  jsonl,
  keyPath,
  profilePath,
  profileWith,
  score,
  text,
  tokenizer,
  words,
} from "./support.js";

const marked = await text("marked", 300);
const human = await text("unmarked", 300, { key: null });
const mixed = file(
  "mixed.txt",
  `${human}.\n\n${marked}.\n\n${await text("u2", 200, { key: null })}`,
);

interface Reported extends Outcome {
  readonly html: string;
}

async function report(name: string, ...args: readonly string[]): Promise<Reported> {
  const path = inFolder(name);
  const outcome = await score(...args, "--report", path);
  return { ...outcome, html: existsSync(path) ? readFileSync(path, "utf8") : "" };
}

/** Elements of the text, in order: class and content. */
function tokensOf(html: string): readonly (readonly [string, string])[] {
  const [, body = ""] = html.split('<div class="text">');
  return Array.from(
    body.split('<div id="choose"')[0].matchAll(/<span class="(\w+)">([^<]*)<\/span>/g),
    ([, state, content]) => [state, content] as const,
  );
}

const mixedReport = await report("mixed.html", mixed);

describe("verdigris score --report", () => {
  const { code, stdout, html } = mixedReport;

  test("the verdict is printed as ever, and in the report", () => {
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Detected: /);
    expect(html).toContain('<h2 id="verdict">Detected</h2>');
    expect(html).toContain(`The text carries the mark of key ${KEY.id}`);
    expect(html).toContain("The text is independent of the key, given what its writer was shown.");
    expect(html).toContain("It does not say who queried");
    expect(html).toContain("That is not the probability that the text is unmarked.");
  });

  test("the text is all there, a token an element, coloured as it was scored", () => {
    const tokens = tokensOf(html);
    expect(tokens.map(([, content]) => content).join("")).toBe(readFileSync(mixed, "utf8"));
    expect(tokens).toHaveLength(tokenizer.encode(readFileSync(mixed, "utf8")).length);
    const greens = tokens.filter(([state]) => state === "for").length;
    const scored = tokens.filter(([state]) => state !== "unscored").length;
    const [, n, rate] = /(\d+) of \d+ tokens[\s\S]*green rate +([\d.]+) /.exec(stdout) ?? [];
    expect(scored).toBe(Number(n));
    expect(greens / scored).toBeCloseTo(Number(rate), 4);
  });

  test("the marked part is found, and marked, and little else", () => {
    const [, body] = html.split('<div class="text">');
    const [from, to] = [human.length + 3, human.length + 3 + marked.length];
    const numbers: number[] = [];
    let [at, right, wrong] = [0, 0, 0];
    // Outside and inside of spans by turns.
    for (const part of body.split('<div id="choose"')[0].split(/<\/?mark>/)) {
      const [, number] = /^<a [^>]*>(\d+)<\/a>/.exec(part) ?? [];
      if (number !== undefined) numbers.push(Number(number));
      for (const [, content] of tokensOf(`<div class="text">${part}`)) {
        const hit = at >= from && at < to;
        if (number !== undefined && hit) right += content.length;
        if (number !== undefined && !hit) wrong += content.length;
        at += content.length;
      }
    }
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
    expect(right).toBeGreaterThan(0.6 * marked.length);
    expect(wrong).toBeLessThan(0.1 * marked.length);
    expect(html).toContain(`<dt>marked spans</dt><dd>${numbers.length}<`);
  });

  test("evidence and decoys are drawn and told; settings and digests are listed", () => {
    expect(html.match(/<svg role="img" aria-label="[^"]+"/g)).toHaveLength(2);
    expect(html).toMatch(
      /aria-label="Running evidence: log10 E over \d+ tokens. It first reached 3 after \d+ tokens; /,
    );
    expect(html).toMatch(/aria-label="Decoy keys: z of this text under 999 other keys/);
    for (const words of ["chacha8-v1", "test-h2, version 1", KEY.id, "green-list"])
      expect(html).toContain(words);
    expect(html.match(/<td>[0-9a-f]{64}<\/td>/g)).toHaveLength(3);
  });

  test("the same input gives the same bytes", async () => {
    expect((await report("again.html", mixed)).html).toBe(html);
  });

  test("it loads nothing, and runs one script that its policy names", () => {
    expect(html).not.toMatch(/https?:|<link|<img|@import|url\((?!#)|\son\w+=|javascript:/i);
    expect(html).toMatch(
      /default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-[\w+/]+=*'/,
    );
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html).toContain('<script type="application/json"');
  });
});

describe("what a report says of its tokens", () => {
  const tokens = tokenizer.encode(readFileSync(mixed, "utf8"));
  const documents = [{ name: "mixed", tokens, text: null, prompt: undefined }];
  const kept = {
    documents,
    documentCount: 1,
    tokenCount: tokens.length,
    decoyZ: new Float64Array(0),
  };
  const setting = { profile: PROFILE, key: KEY, kernel: createKernel(), alpha: 0.001, tokenizer };
  const { log10E } = analyse(kept, setting);

  test("evidence after each token is that of a stream that stops to look at each", () => {
    const stream = new DetectionStream(PROFILE, KEY, { alpha: 0.001 });
    const states = Array.from(tokens, (token) => stream.push(token));
    for (const [i, state] of states.entries()) expect(log10E[i]).toBeCloseTo(state.log10E, 9);
    const first = states.findIndex(({ kind }) => kind === "detected");
    expect(first).toBeGreaterThan(300);
    expect(mixedReport.html).toContain(`It first reached 3 after ${first + 1} tokens`);
  });

  test("the scores are those the verdict counted, a coin once over all documents", () => {
    const twice = analyse({ ...kept, documents: [...documents, ...documents] }, setting);
    const { count } = detect(PROFILE, KEY, [{ tokens }, { tokens }], { decoys: 0 });
    const scored = twice.scores.filter((score) => !Number.isNaN(score));
    expect(scored.length).toBe(count.n);
    expect(scored.reduce((sum, score) => sum + score, 0)).toBe(count.sum);
    expect(count.unscored.repeated).toBe(count.n);
    // Each document alone is searched for spans at half of α.
    expect(twice.spanAlpha).toBe(0.0005);
    expect(twice.documents[1].spans).toEqual(twice.documents[0].spans);
  });
});

describe("texts that are hard to show", () => {
  test("no mark: nothing is marked, and 'not detected' is explained", async () => {
    const { code, html } = await report("human.html", file("human.txt", human), "--decoys", "0");
    expect(code).toBe(1);
    expect(html).toContain('<h2 id="verdict">Not detected</h2>');
    expect(html).toContain("No part of the text stands out as marked.");
    expect(html).toContain("No decoy test was made");
    expect(html).toContain("It never reached 3");
  });

  test("too short", async () => {
    const { code, html } = await report("short.html", file("one.txt", " one"));
    expect(code).toBe(3);
    expect(html).toContain('<h2 id="verdict">Too short</h2>');
    expect(html.replace(/<script>.*<.script>/s, "")).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("markup, joined emoji and line breaks in a text stay text", async () => {
    const evil = '</div></script><script>alert(1)</script> 👩‍👩‍👧 <b>\n\nnaïve & "quoted"';
    const { html } = await report("evil.html", file("evil.txt", evil), "--decoys", "0");
    expect(html).not.toContain("<script>alert");
    const shown = tokensOf(html)
      .map(([, content]) => content)
      .join("")
      .replaceAll("▯", "");
    const plain = shown
      .replace(/&lt;/g, "<")
      .replace(/&gt;/g, ">")
      .replace(/&quot;/g, '"')
      .replace(/&amp;/g, "&");
    expect(plain).toBe(evil);
  });

  test("tokens and spans are those of the text as it was given, before normalisation", async () => {
    const disguised = `\ufeff${human}.\r\n\r\n${marked.replaceAll("e", "\u0435\u200b").replaceAll(" ", "\u00a0")}.`;
    const { html, stdout } = await report("given.html", file("given.txt", disguised));
    expect(stdout).toMatch(/^Detected: [\s\S]*normalised .*zero-width \d+/);
    const [, body] = html.split('<div class="text">');
    const unnamed = (markup: string): string =>
      markup
        .replaceAll(/<i>U\+([0-9A-F]{4})<\/i>/g, (_, code) =>
          String.fromCodePoint(parseInt(code, 16)),
        )
        .replaceAll(/<mark><a [^>]*>\d+<\/a>|<\/mark>|<h3>.*<\/h3>\n|<\/?(span|div)[^>]*>/g, "");
    const [shown] = unnamed(body.split('<div id="choose"')[0]).split("\n</div>");
    expect(shown.trim()).toBe(disguised.trim());
    expect(html).toContain("<i>U+200B</i>");
    expect(html).toMatch(/title="read as “[^”]*e[^”]*”">/);
    // The characters of a span in the table are where the mark is in the file.
    const [, from, to] = /<td>(\d+) to (\d+)<\/td>/.exec(html) ?? [];
    const start = disguised.indexOf("\u200b") - marked.indexOf("e");
    expect(Math.abs(Number(from) - start)).toBeLessThan(100);
    expect(Math.abs(Number(to) - disguised.length)).toBeLessThan(100);
    const inside = body
      .split("<mark>")[1]
      .split("</mark>")[0]
      .replace(/<a [^>]*>\d+<\/a>/, "");
    expect(unnamed(inside)).toBe(disguised.slice(Number(from) - 1, Number(to)));
  });

  test("a long text is cut, and says what is cut", async () => {
    const ids = [...(await words("long", 11_000))];
    const path = file("long.jsonl", jsonl({ id: "long", text: "x", tokens: ids }));
    const { html } = await report("long.html", path, "--decoys", "0");
    expect(tokensOf(html)).toHaveLength(10_000);
    expect(html).toContain("The first 10,000 of 11,000 tokens; the rest is cut from this view");
    expect(html).toContain("Cut here, within this document.");
  });

  test("recorded tokens without a tokenizer are shown as ids; another mark by its mean score", async () => {
    const profile = profileWith({ id: "gumbel", scheme: "gumbel", parameters: {} });
    const path = file("gumbel.json", JSON.stringify(profile));
    const records = file(
      "ids.jsonl",
      jsonl({ id: "a", text: "x", tokens: [...(await words("g", 60))] }),
    );
    const out = inFolder("gumbel.html");
    const args = ["--profile", path, "--key-file", keyPath, "--report", out];
    const { code, stderr } = await cli(["score", records, ...args]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    const html = readFileSync(out, "utf8");
    expect(tokensOf(html)[5][1]).toMatch(/^#\d+ $/);
    expect(html).toContain("score above its mean without the mark: speaks for it");
  });

  test("a text longer than is looked at: the verdict is on all of it, and the page says so", async () => {
    const ids = [...(await words("long", 11_000))];
    const record = (i: number): object => ({ id: `${i}`, text: "x", tokens: ids });
    const path = file("longer.jsonl", jsonl(...Array.from({ length: 11 }, (_, i) => record(i))));
    const { html, stdout } = await report("longer.html", path, "--decoys", "0");
    expect(stdout).toContain("of 121000 tokens");
    expect(html).toContain(
      "<li>the text, the spans and the running evidence below are of the first 110,000 of 121,000 tokens; the verdict is on all</li>",
    );
  });

  test("a long table of documents is cut, and says so", async () => {
    const ids = [...(await words("many", 40))];
    const records = Array.from({ length: 230 }, (_, i) => ({
      id: `doc-${i}`,
      text: "x",
      tokens: ids,
    }));
    const path = file("many.jsonl", jsonl(...records));
    const { html } = await report("many.html", path, "--per-document", "--decoys", "0");
    const [, tables] = html.split("Verdict on each document</h2>");
    expect(tables.split("</table>")[0].match(/<th scope="row">/g)).toHaveLength(200);
    expect(tables).toContain("Cut after 200 rows");
  });

  test("what the mark's own project would print", async () => {
    const profile = fileURLToPath(
      new URL("../../../fixtures/profiles/hf-lefthash.json", import.meta.url),
    );
    const key = file("hf-key.txt", "15485863");
    const records = file(
      "hf.jsonl",
      jsonl({ id: "a", text: "x", tokens: [...(await words("hf", 30))] }),
    );
    const out = inFolder("hf.html");
    const args = ["--profile", profile, "--key-file", key, "--as-peer", "--decoys", "0"];
    await cli(["score", records, ...args, "--report", out]);
    expect(readFileSync(out, "utf8")).toMatch(
      /<th scope="row">a<\/th><td>z_?[sS]core<\/td><td>-?[\d.]+<\/td>/,
    );
  });

  test("several files and documents have their own tables, and spans share α", async () => {
    const records = file(
      "two.jsonl",
      jsonl({ id: "<i>a", text: marked }, { id: "b", text: human }),
    );
    const { html } = await report("family.html", records, mixed, "--per-document", "--decoys", "0");
    expect(html).toContain("Verdict on each file");
    expect(html).toContain("Verdict on each document");
    expect(html).toContain("&lt;i&gt;a");
    expect(html).toContain("is at most 0.000333 (α over all documents)");
  });
});

describe("a report that cannot be written", () => {
  const args = [
    "score",
    mixed,
    "--profile",
    profilePath,
    "--key-file",
    keyPath,
    "--tokenizer",
    TOKENIZER,
    "--decoys",
    "0",
  ];

  test.each([
    ["the text itself", mixed],
    ["a link to the key", inFolder("key-link")],
  ])("%s in its place is refused before anything is read", async (_what, path) => {
    if (!existsSync(path)) symlinkSync(keyPath, path);
    const before = readFileSync(path, "utf8");
    const { code, stdout, stderr } = await cli([...args, "--report", path]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^error: --report: expected a file that is not read, got /);
    expect(readFileSync(path, "utf8")).toBe(before);
  });

  test("a closed pipe ends the printing, not the report", async () => {
    const closed = new Writable({
      write: (_chunk, _encoding, done) =>
        done(Object.assign(new Error("EPIPE"), { code: "EPIPE" })),
    });
    const path = inFolder("piped.html");
    const { code } = await cli([...args, "--report", path], { stdout: closed });
    expect(code).toBe(141);
    expect(readFileSync(path, "utf8")).toContain("Watermark report");
  });

  test("a folder in its place: exit 2, and the verdict is printed all the same", async () => {
    mkdirSync(inFolder("taken"));
    const { code, stdout, stderr } = await cli([...args, "--report", inFolder("taken")]);
    expect(code).toBe(2);
    expect(stdout).toMatch(/^Detected: /);
    expect(stderr).toMatch(/^error: \S*taken: cannot be written: /);
  });

  // /dev/full takes every write for a full disk: the error is the kernel's own.
  test.runIf(existsSync("/dev/full"))(
    "full disk: exit 2, the old report is as it was",
    async () => {
      const path = file("old.html", "the old report");
      symlinkSync("/dev/full", `${path}.partial`);
      const { code, stderr } = await cli([...args, "--report", path]);
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /^error: \S*old\.html: cannot be written: ENOSPC: no space left on device/,
      );
      expect(readFileSync(path, "utf8")).toBe("the old report");
      expect(existsSync(`${path}.partial`)).toBe(false);
    },
  );

  const disk = inFolder("disk");
  mkdirSync(disk);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=32k", "tmpfs", disk]).status === 0;

  test.runIf(mounted)("a disk of 32 KiB: the same, and nothing is left behind", async () => {
    try {
      const path = file("disk/report.html", "the old report");
      const { code, stderr } = await cli([...args, "--report", path]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/ENOSPC: no space left on device/);
      expect(readFileSync(path, "utf8")).toBe("the old report");
      expect(readdirSync(disk)).toEqual(["report.html"]);
      // The same disk with room takes it.
      expect(spawnSync("mount", ["-o", "remount,size=1m", disk]).status).toBe(0);
      expect((await cli([...args, "--report", path])).code).toBe(0);
      expect(readFileSync(join(disk, "report.html"), "utf8")).toContain("Watermark report");
    } finally {
      spawnSync("umount", [disk]);
    }
  });
});
