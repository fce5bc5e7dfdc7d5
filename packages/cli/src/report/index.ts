/** The HTML report of `score`. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { Profile } from "@verdigris/core";
import { digestOf } from "@verdigris/survival";
import { compact, escapeMarkup, page } from "@verdigris/survival/page";
import { type Tokenizer, writeWhole } from "@verdigris/text";
import type { Setting } from "../formats/format.js";
import type { ScoreRequest, ScoreResult } from "../scoring.js";
import { analyse } from "./analysis.js";
import type { Kept } from "./collect.js";
import type { ReportInput, Section } from "./input.js";
import { SCRIPT } from "./script.js";
import {
  decoySection,
  evidenceSection,
  familySections,
  peerSection,
  recordSection,
  spansSection,
} from "./sections.js";
import { STYLE } from "./style.js";
import { textSection } from "./text-section.js";
import { meaning, verdictMarkup } from "./verdict.js";

export { Collector } from "./collect.js";

/** Files whose digests a report lists; more are counted. */
const LISTED = 50;

/** What a report is written from. */
export interface ReportSource {
  readonly request: ScoreRequest;
  readonly paths: readonly string[];
  readonly result: ScoreResult;
  readonly setting: Setting;
  readonly kept: Kept;
}

/**
 * Writes the report whole or not at all: a report that was there stays as it is until the new one is complete.
 * @throws VerdigrisError FILE_UNWRITABLE
 */
export async function writeReport(path: string, source: ReportSource): Promise<void> {
  const { request, result, setting, kept } = source;
  const { key, kernel, alpha, reading } = request;
  const { profile } = reading;
  const tokenizer = await reading.tokenising.tokenizer().catch(() => null);
  const analysis = analyse(kept, { profile, key, kernel, alpha, tokenizer });
  const record = [...settings(source, tokenizer), ...(await inputDigests(source.paths))] as const;
  await writeWhole(path, renderReport({ result, setting, profile, kept, analysis, record }));
}

/** A report as one HTML file. */
export function renderReport(input: ReportInput): string {
  const sections = [
    meaning(),
    ...familySections(input),
    textSection(input),
    spansSection(input),
    evidenceSection(input),
    decoySection(input),
    ...peerSection(input),
    recordSection(input),
  ];
  const main = [verdictMarkup(input), contents(sections), ...sections.map(block)].join("\n");
  return page({ title: "Watermark report", main, style: STYLE, script: SCRIPT });
}

function contents(sections: readonly Section[]): string {
  const items = sections.map(
    ({ id, heading }) => `<li><a href="#${id}">${escapeMarkup(heading)}</a></li>`,
  );
  return `<nav aria-label="Contents">\n<ul>\n${items.join("\n")}\n</ul>\n</nav>`;
}

function block({ id, heading, body }: Section): string {
  return `<section class="${id}" aria-labelledby="${id}">\n<h2 id="${id}">${escapeMarkup(heading)}</h2>\n${body}\n</section>`;
}

type Row = readonly [string, string];

function settings({ request, setting, kept }: ReportSource, tokenizer: Tokenizer | null): Row[] {
  const { alpha, decoys, reading } = request;
  const { profile } = reading;
  return [
    ["α, chance of a false alarm", compact(alpha, 6)],
    ["decoy keys asked for", String(decoys)],
    ["key id", setting.keyId],
    ...profileRows(profile),
    [
      "text shown from",
      tokenizer === null ? "token ids; no tokenizer was given" : profile.tokenizer.id,
    ],
    ["documents", String(kept.documentCount)],
    ["program", `verdigris ${setting.program}`],
  ];
}

function profileRows(profile: Profile): Row[] {
  const { id, version, scheme, parameters, prf, h, seeding, promptRule, tokenizer, V } = profile;
  return [
    ["profile", `${id}, version ${version}`],
    ["SHA-256 of the profile (canonical JSON)", digestOf(profile)],
    ["scheme", `${scheme} ${JSON.stringify(parameters)}`],
    ["pseudo-random function", prf],
    ["context", `h = ${h}, ${seeding}`],
    ["prompt rule", promptRule],
    ["tokenizer", `${tokenizer.id}, vocabulary of ${V}`],
    ["SHA-256 of the tokenizer", tokenizer.sha256],
  ];
}

/** SHA-256 of each input file, as it is on disk now. */
async function inputDigests(paths: readonly string[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const path of paths.slice(0, LISTED)) {
    rows.push([
      `SHA-256 of ${path}`,
      path === "-" ? "standard input, not kept" : await sha256(path),
    ]);
  }
  if (paths.length > LISTED) rows.push(["more files", String(paths.length - LISTED)]);
  return rows;
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}
