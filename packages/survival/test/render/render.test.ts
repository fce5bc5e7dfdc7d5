import { describe, expect, test } from "vitest";
import {
  renderHtml,
  renderJson,
  renderMarkdown,
  renderText,
  survivalCurveSvg,
} from "../../src/render/index.js";
import type { Cell, Report } from "../../src/report.js";
import { cell, decoys, evidence, reportFixture } from "./fixture.js";

const RENDERERS = {
  json: renderJson,
  markdown: renderMarkdown,
  html: renderHtml,
  text: renderText,
  svg: survivalCurveSvg,
} as const;
const IN_WORDS = [
  ["markdown", (report: Report): string => renderMarkdown(report).replace(/\\/g, "")],
  [
    "html",
    (report: Report): string =>
      renderHtml(report)
        .replace(/&#39;/g, "'")
        .replace(/&quot;/g, '"'),
  ],
  ["text", (report: Report): string => renderText(report).replace(/\s+/g, " ")],
] as const;

/** The row of the fixture's count student at h = 1, ρ = 0.25, worked out by hand from the fixture. */
const ROW = [
  "count",
  "1",
  "0.25",
  "any",
  "0.0625",
  "0.0650 ± 0.0071",
  "0.0650",
  "9.2",
  "-18.3",
  "-3.7",
  "0.005",
  "1.02",
  "0.208",
  "[0.164, 0.252]",
  "1,076",
  "4.47",
  "yes",
];
const DETAILS = new Set(["0.0650", "[0.164, 0.252]"]);

describe.each(Object.entries(RENDERERS))("%s", (_format, render) => {
  test("the same report gives the same bytes, however many were rendered before", () => {
    const first = render(reportFixture());
    renderHtml(reportFixture({ name: "another" }));
    expect(render(structuredClone(reportFixture()))).toBe(first);
  });

  test("no NaN, no Infinity, no undefined, even where there is nothing to show", () => {
    const empty: Cell = {
      ...cell({ student: "count", h: 1, rho: 0.5, kept: 0.4 }),
      decoys: {
        keys: 0,
        p: 1,
        meanZ: Number.NaN,
        varianceInflation: Number.NaN,
        varianceInterval: [0, Infinity],
      },
    };
    expect(render(reportFixture({ cells: [empty] }))).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe.each(IN_WORDS)("%s says everything", (format, render) => {
  const report = reportFixture();
  const output = render(report);

  test("every control with its own verdict", () => {
    for (const words of [
      "All 8 controls hold.",
      "not detected, as it must be (z = -0.2, log10 p = 0.0, n = 5,000).",
      "Its held-out loss is 8.25 nats per token; training brought it to 4.50 or less.",
      "z looks standard normal over 199 wrong keys (mean z = 0.03, VIF = 1.02)",
      "detected, as it must be (z = 214.8, log10 p = -10016.6, n = 120,000; 123,456 tokens, Δ_T = 0.3125).",
      "with the prompt rule not detected, as it must be",
      "Without it, a detector that ignores prompts would have accused it (z = 26.3, log10 p = -150.1, n = 12,000).",
    ]) {
      expect(output).toContain(words);
    }
    const rows = { markdown: /\| Holds: /g, html: /<td>Holds: /g, text: /\)\. Holds: /g }[format];
    expect(output.match(rows)).toHaveLength(8);
  });

  test("a verdict per student and h", () => {
    expect(output).toContain(
      "count h = 1: provable from ρ = 0.05 on. At ρ = 1 the student keeps R = 0.416 [0.372, 0.460]",
    );
    expect(output).toContain(
      "count h = 4: not provable at this size: at best, at ρ = 1, ε = 0.0013 ± 0.0071",
    );
    expect(output).toContain("neural h = 1: provable from ρ = 0.25 on.");
  });

  test("question, null hypothesis, notice, digests", () => {
    expect(output).toContain("Does the mark of a teacher survive");
    expect(output).toContain(report.nullHypothesis);
    expect(output).toContain(report.notice);
    expect(output).toContain(report.digest);
    expect(output).toContain(report.forecastDigest);
    expect(output).toContain("α = 0.001");
  });
});

describe("the survival table", () => {
  test("every cell of it, in every format", () => {
    expect(renderMarkdown(reportFixture()).replace(/\\/g, "")).toContain(`| ${ROW.join(" | ")} |`);
    const texts = [...renderHtml(reportFixture()).matchAll(/<tr>(.*)<\/tr>/g)].map(([, row]) =>
      [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/g)].map(([, text]) => text),
    );
    expect(texts).toContainEqual(ROW);
    const short = ROW.filter((text) => !DETAILS.has(text)).join(" ");
    expect(renderText(reportFixture()).replace(/ +/g, " ")).toContain(short);
  });

  test("windows served often are an arm of their own", () => {
    const arm = { student: "count", h: 4, rho: 1, kept: 0.3 } as const;
    const output = renderMarkdown(
      reportFixture({ cells: [cell(arm), cell({ ...arm, served: 8 })] }),
    );
    expect(output).toContain("| count | 4 | 1 | ≥ 8 |");
    expect(output).toContain("- count h = 4 served ≥ 8: provable at ρ = 1.");
  });

  test("no forecast of tokens is an en dash, and no negative zero", () => {
    const [line] = renderMarkdown(reportFixture()).match(/^\| count \| 4 \| 0 \| any \|.*$/m) ?? [
      "",
    ];
    expect(line).toContain("| – |");
    expect(line).toContain("| -0.2 | 0.0 | 0.0 |");
  });
});

describe("verdicts that must not be given", () => {
  const base = { student: "count", h: 1, kept: 0.4 } as const;
  const clean = cell({ ...base, rho: 0 });
  const marked = cell({ ...base, rho: 1 });
  const guilty: Cell = { ...clean, closed: { ...clean.closed, evidence: evidence(0.1, 5000) } };

  test("none where the unmarked teacher's student was detected", () => {
    const report = reportFixture({ cells: [guilty, marked] });
    const output = renderMarkdown({
      ...report,
      controls: { ...report.controls, unmarkedTeacher: [guilty] },
    });
    expect(output).toContain(
      "no verdict, because the student of the unmarked teacher (ρ = 0) was itself detected.",
    );
    expect(output).toContain("| FAILS: detected, although nothing marked was learned");
    expect(output).toContain("1 of 6 controls FAILED");
  });

  test.each([
    ["the decoys rank as high", decoys(0.3)],
    [
      "the variance is certainly inflated",
      { ...decoys(0.005), varianceInflation: 1.6, varianceInterval: [1.3, 2] as const },
    ],
  ])("not provable where %s", (_case, contrary) => {
    const output = renderMarkdown(
      reportFixture({ cells: [clean, { ...marked, decoys: contrary }] }),
    );
    expect(output).toContain("the decoy keys contradict it");
  });

  test("a student that learned nothing fails its control", () => {
    const report = reportFixture();
    const [first] = report.controls.untrained;
    const controls = { ...report.controls, untrained: [{ ...first, loss: 4.45 }] as const };
    expect(renderMarkdown({ ...report, controls })).toContain(
      "training did not lower it everywhere",
    );
  });

  test("shares that are proven with gaps are named one by one", () => {
    const silent = cell({ ...base, rho: 0.5, kept: 0 });
    const cells = [clean, cell({ ...base, rho: 0.25 }), silent, marked] as const;
    expect(renderMarkdown(reportFixture({ cells }))).toContain("provable at ρ = 0.25 and 1.");
  });
});

describe("HTML", () => {
  const html = renderHtml(reportFixture());

  test("loads nothing and runs nothing", () => {
    expect(html).not.toMatch(/https?:|<script|<link|<img|@import|url\((?!#)|\son\w+=|javascript:/i);
  });

  test("two curves a student and one of agreement, each with a label and ids of its own", () => {
    expect(html.match(/<svg role="img" aria-label="[^"]+"/g)).toHaveLength(2 * 2 + 1);
    expect(html.match(/<svg/g)).toHaveLength(5);
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of html.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(id);
  });

  test("tables have captions and scopes, the page prefers what the reader prefers", () => {
    expect(html.match(/<caption /g)).toHaveLength(html.match(/<table>/g)?.length ?? 0);
    expect(html).not.toMatch(/<th(?! scope=)[ >]/);
    expect(html).toContain("prefers-color-scheme:dark");
    expect(html).toContain("@media print");
  });

  test("strings are escaped everywhere", () => {
    const evil = `"><script>alert('1')</script>&`;
    const report = reportFixture({ name: evil, notice: evil, nullHypothesis: evil, digest: evil });
    const cells = report.cells.map((own) => ({ ...own, student: evil, profile: evil }));
    const output = renderHtml({ ...report, cells: [cells[0], ...cells.slice(1)] });
    expect(output).not.toContain("<script");
    expect(output).toContain("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;");
    expect(survivalCurveSvg({ ...report, cells: [cells[0]] })).not.toContain("<script");
  });
});

describe("the other formats", () => {
  test("JSON reads back as the report", () => {
    const report = reportFixture();
    expect(JSON.parse(renderJson(report))).toEqual(report);
    expect(renderJson({ ...report })).toMatch(/^\{\n {2}"alpha": 0.001,/);
  });

  test("Markdown keeps foreign strings from being markup", () => {
    const output = renderMarkdown(reportFixture({ notice: "a | b\n# <b>`*c*`" }));
    expect(output).toContain("a \\| b \\# \\<b\\>\\`\\*c\\*\\`");
  });

  test("text keeps control characters from the terminal", () => {
    expect(renderText(reportFixture({ name: "\u001b[31mred" }))).not.toContain("\u001b");
  });

  test("the survival curve is a whole SVG, light or dark, with one measured and one dashed line per arm", () => {
    const svg = survivalCurveSvg(reportFixture());
    expect(svg).toMatch(/^<svg role="img" aria-label="[^"]+" [^>]*xmlns=/);
    expect(svg).toContain("prefers-color-scheme:dark");
    expect(svg.match(/stroke-dasharray/g)).toHaveLength(3);
    for (const name of ["count h = 1", "count h = 4", "neural h = 1"])
      expect(svg).toContain(`>${name}</text>`);
    expect(svg).not.toContain("<script");
  });
});
