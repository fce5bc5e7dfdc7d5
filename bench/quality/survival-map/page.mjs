// The page of the survival map, in Markdown, from bench/results/survival-map.json and t3.json.
import { answers } from "./answers.mjs";
import { attackTable } from "./attacks.mjs";
import { axes } from "./axes.mjs";
import { controlSection } from "./controls.mjs";
import { forecastSection } from "./forecasts.mjs";
import { gradientSection } from "./gradient.mjs";
import { publishedSection } from "./published.mjs";
import { realModelSection } from "./real-model.mjs";
import { review } from "./review.mjs";
import { TO_DECIDE } from "./study-map.mjs";
import { grouped, num, power } from "./words.mjs";

const COMMAND = "node bench/quality/survival-map.mjs";

/** The whole page. */
export function mapPage({ counts, neural, fitted, t3 }) {
  return `${[
    head(counts, neural, fitted),
    answers({ counts, fitted, t3 }),
    attackTable(counts, fitted),
    BUDGET,
    figure("attacks", "What each attack leaves of the mark and of the capability"),
    "## Forecast against measured",
    forecastSection(counts),
    figure(
      "forecasts",
      "Residuals of the survival law: (measured − forecast) / standard error over keys, against the forecast",
    ),
    "## What decides survival",
    figure(
      "width",
      "Effect size d of the student against the context width h, with 95 % intervals over keys",
    ),
    source(counts),
    ...axes(counts),
    "## Students that learn by gradient descent (T1)",
    gradientSection(neural, fitted),
    "## A real model (T3)",
    realModelSection(t3),
    "## Beside published numbers",
    publishedSection(counts, t3),
    "## Controls",
    controlSection(counts, neural, fitted),
    "## Read as a reviewer would",
    review(counts, t3),
    "## What this does not say",
    limits(counts),
    "## Commands",
    commands([counts, neural, fitted], t3),
  ].join("\n\n")}\n`;
}

function head({ summary, cells }, ...gradient) {
  const { keys, seeds, alpha, default: setting, audit } = summary;
  return `# The survival map

Does a mark survive when a student is trained on marked text, and what decides it? This page is what
\`${COMMAND}\` makes of its study; no number of ours is typed. What is varied was committed before the
study ran: [survival-map.json](../../../bench/quality/survival-map.json) and [survival-map-neural.json](../../../bench/quality/survival-map-neural.json); and, before it ran, the study
that the misses of the second asked for, [survival-map-fitted.json](../../../bench/quality/survival-map-fitted.json).

- **T0**: ${cells.length} cells × ${keys} keys × ${seeds} seeds of count students. Teacher: a count model of SmolLM2's own unmarked answers, so that every key and mark can be
  tried. **T1**: ${gradient.map((map) => map.cells.length).join(" + ")} cells, as often, of small transformers. **T3**: SmolLM2-135M itself, under one key.
- **Default cell**: green list, γ = .25, δ = 2, h = 2, ${grouped(setting.tokens)} training tokens, all marked, κ = 20. A cell is named by what it changes.
- **ε** is the excess score per audited token, in brackets its 95 % interval over keys. Unless said otherwise one token is drawn in each of at most
  ${grouped(audit.oneStep)} distinct windows of the teacher's unmarked text (closed model); *open*: its probabilities in ${grouped(audit.open)} of them; *free*: ${grouped(audit.freeRun)} tokens that it writes itself.
- **d** = ε/σ, the effect in standard deviations of a coin. **N\\*** = ${num(TO_DECIDE)}/d²: the distinct tokens that decide at p = ${power(1e-5)} with power .9; "> n" where the interval
  of d reaches 0. **R** = ε/Δ_T: the share of the teacher's excess that survives.
- **found**: students with p ≤ ${power(alpha)} in the audit made here. **capability**: the share of what unmarked text teaches, by held-out loss.`;
}

const BUDGET = `Queries and clean tokens are what the thief needs beyond the corpus; compute is in passes of training over the corpus. "no closed form": the attack looks at what
the mark did, so the law does not forecast it. The last rows, T1, are of transformers (h = 1), the others of the default cell. Intervals of what is left are of a
ratio of means over keys (Fieller 1954).`;

/** Where the cells of a section come from. */
export function source({ summary: { name, digest, forecastDigest } }) {
  return `Study \`${name}\`, digest \`${digest.slice(0, 16)}\`, forecasts \`${forecastDigest.slice(0, 16)}\`.`;
}

function limits({ summary }) {
  return `- T0 and T1 students are mechanisms, not capable models. Their effects belong to ${grouped(summary.default.tokens)} training tokens of one teacher, whose text repeats its windows more
  than people's does; the law carries them to other sizes, and T3 says how far it can be trusted for one real model, one key, one run.
- Paraphrase here is redrawing of tokens, or a table of synonyms. A language model's paraphrase (*rewriting*) needs a model at hand, and is not in this map.
- Capability is loss on text of the unmarked teacher. It does not say what an instruction-tuned model can do.
- A rejection says that a model carries the mark of a key. It does not say who queried, nor that anyone intended anything.`;
}

function commands(maps, t3) {
  const studies = maps.map(
    ({ summary: { name, digest, forecastDigest } }) =>
      `| study \`${name}\`, \`bench/quality/${name}.json\` | \`${COMMAND}\` | configuration and material \`${digest}\`, forecasts \`${forecastDigest}\` |`,
  );
  return `| what | command | SHA-256 |
| :-- | :-- | :-- |
${studies.join("\n")}
| this page and its figures alone, from \`bench/results\` | \`${COMMAND} --report\` | – |
| T3: train, ask | \`bench/t3/setup.sh && bench/t3/run.sh\` | protocol \`${t3.protocolSha256}\` |
| T3: score the recorded answers | \`node bench/t3/score.mjs\` | forecasts \`${t3.forecastSha256}\` |`;
}

function figure(file, text) {
  return `![${text}](images/survival-map-${file}.svg)`;
}
