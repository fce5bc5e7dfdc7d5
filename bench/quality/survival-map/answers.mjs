// The three questions, answered from the numbers: a sentence whose claim does not hold is an error, not a sentence.
import { attacked } from "./attacks.mjs";
import { auditOf, markedArms, required } from "./real-model.mjs";
import { left, tokensOf } from "./study-map.mjs";
import {
  attackName,
  claim,
  eps,
  grouped,
  markName,
  num,
  percent,
  power,
  share,
  table,
  tokens,
} from "./words.mjs";

export function answers({ counts: map, fitted, t3 }) {
  return [
    "## Is the industry default h = 4 auditable, at what cost?",
    auditable(map, t3),
    "## What should a provider deploy?",
    deploy(map),
    "## What does each attack cost the thief?",
    thief(map, fitted),
  ].join("\n\n");
}

const nOf = (cell) => tokens(tokensOf(cell.d));
const found = (cell) => `${cell.access.oneStep.detected} of ${cell.runs.length}`;
const all = (cell) => cell.access.oneStep.detected === cell.runs.length;

function auditable(map, t3) {
  const [h1, h2, h4] = [map.at({ "mark.h": 1 }), map.at({}), map.at({ "mark.h": 4 })];
  const more = map.at({ "mark.h": 4, tokens: 200_000, served: 0 });
  const tenth = map.at({ "mark.h": 4, rho: 0.1 });
  const head = claim(
    h4.access.oneStep.detected < h4.runs.length / 2 && h4.d.interval.lower > 0,
    "**With a serving log, yes; without one, only by very many questions.**",
  );
  return `${head} A student that learned from ${grouped(60_000)} tokens, all of them marked, shows ε = ${eps(h4.access.oneStep.epsilon.value)} at
h = 4, against ${eps(h2.access.oneStep.epsilon.value)} at h = 2 and ${eps(h1.access.oneStep.epsilon.value)} at h = 1. To decide at p = ${power(1e-5)} with power .9 takes ${nOf(h4)} drawn tokens in distinct windows, one
request each, instead of ${nOf(h2)} and ${nOf(h1)}; the ${grouped(h4.n)} asked here found ${found(h4)} students. Free text takes ${freeOf(h4)}, ${freeOf(h2)} and ${freeOf(h1)} distinct tokens.
A student of ${grouped(more.setting.tokens)} tokens shows more (${nOf(more)} draws; ${found(more)} found). ${claim(tenth.d.interval.lower < 0, `At ρ = 10 % nothing can be seen at h = 4 (ε = ${eps(tenth.access.oneStep.epsilon.value)}; N* ${nOf(tenth)}).`)}

${withLog(map)}

${defaults(map)}

${realAnswer(t3)}`;
}

const freeOf = (cell) => tokens(tokensOf(cell.free.d));

function withLog(map) {
  const served = map.at({ "mark.h": 4, served: 5 });
  const both = map.at({ "mark.h": 4, tokens: 200_000, served: 5 });
  const sentence = claim(
    all(both) && served.d.interval.lower > 0,
    `The log changes this: in windows that the provider served at least five times the excess is ${eps(served.access.oneStep.epsilon.value)}, and ${nOf(served)} tokens decide`,
  );
  return `${sentence}. The price is that few
windows are so: ${grouped(map.summary.audit.heldOut)} held-out tokens held ${grouped(served.n)} of them for ${grouped(60_000)} training tokens (${found(served)} found) and
${grouped(both.n)} for ${grouped(200_000)} (${found(both)}). So the auditor must be able to choose contexts, and the provider must have kept what it served, or a sketch of it.`;
}

/** The marks as engines ship them, beside the green list. */
function defaults(map) {
  const cells = [
    map.at({ "mark.h": 4 }),
    ...map.alone("mark").filter(({ setting }) => setting.mark.h === 4),
  ];
  const rows = cells.map((cell) => [
    markName(cell.setting.mark),
    nOf(cell),
    found(cell),
    freeOf(cell),
    percent(cell.free.scored),
    percent(cell.capability.unmarked.kept),
  ]);
  const head = [
    "mark, any window",
    "N*, draws",
    "found",
    "N*, free text",
    "of it distinct",
    "capability",
  ];
  return `The marks as engines ship them, same corpus:

${table(head, rows)}

A student that repeats itself is found by its free text, and so it should: its teacher's text was little use (capability).`;
}

/** The real model at its widest mark. */
function realAnswer(t3) {
  const arm = markedArms(t3).toSorted((a, b) => b.h - a.h)[0];
  const set = `served-h${arm.h}`;
  const [any, drawn, best] = [
    auditOf(arm, "unmarked", "drawn"),
    auditOf(arm, set, "drawn"),
    auditOf(arm, set, "best"),
  ];
  const sentence = claim(
    any.log10P > -2 && drawn.log10P < -5 && best.log10P < -5,
    `The real model says the same: SmolLM2-135M, h = ${arm.h}, shows nothing in windows of others' text (log10 p = ${num(any.log10P)} from ${grouped(any.n)} draws), and is
found in served windows by answers (log10 p = ${num(drawn.log10P)}) and by its most likely tokens (${num(best.log10P)})`,
  );
  return `${sentence}. **That is the cost: ${tokens(required(drawn))} questions in windows of the log, or ${tokens(required(best))}
with open weights**; in others' windows ${tokens({ ...required(any), most: Infinity }).replace("> ", "more than ")}.`;
}

function deploy(map) {
  const [h1, h2, h4] = [map.at({ "mark.h": 1 }), map.at({}), map.at({ "mark.h": 4 })];
  const served = map.at({ served: 5 });
  const delta = (value) => map.where("mark.parameters", (level) => level.delta === value);
  const kept = (cell) => percent(cell.capability.unmarked.kept);
  const gumbel = map.where("mark", ({ scheme, h }) => scheme === "gumbel" && h === 2);
  const masked = map.at({ "teacher.repeatedContexts": "single_turn" });
  const greedy = map.at({ "teacher.greedy": 0.5 });
  const cool = map.at({ "teacher.temperature": 0.7 });
  const log = claim(
    served.d.interval.lower > 2 * h2.d.interval.upper,
    `**A log, or a sketch, of the windows served.** It costs the text nothing and raises d from ${num(h2.d.value)} to ${num(served.d.value)} at h = 2 (windows served five times or more)`,
  );
  const width = claim(
    h1.d.value > h2.d.value &&
      h2.d.value > 2 * h4.d.value &&
      h2.capability.unmarked.kept > h1.capability.unmarked.kept,
    `**h = 2 where theft is to be proved.** h = 1 gives ${num(h1.d.value / h2.d.value)} times its d, h = 4 ${num(h4.d.value / h2.d.value)} times; but a narrow mark distorts what a student can learn of
  the text: capability ${kept(h1)}, ${kept(h2)} and ${kept(h4)} of what unmarked text teaches at h = 1, 2, 4`,
  );
  const loops = claim(
    gumbel.capability.unmarked.kept < 0,
    `**No Gumbel-type mark with a narrow context on a model of little choice.** At h = 2 the teacher runs in loops under one key: of what the student writes ${percent(gumbel.free.scored)} are distinct
  windows of its text, and knows less of the language than before training (capability ${kept(gumbel)})`,
  );
  return `- ${log}.
- ${width}. Narrow marks are also easier to steal and to forge, which this map does not measure.
- **δ = 2.** δ = 3 has ${num(delta(3).d.value / h2.d.value)} times its d at capability ${kept(delta(3))}, δ = 1 ${num(delta(1).d.value / h2.d.value)} times at ${kept(delta(1))}.
- ${loops}.
- **One key for a group, rotated rarely.** ${keyAdvice(map)}
- **How answers are sampled matters less than the width.** Masking of repeated contexts leaves ${share(left(masked, h2))} of ε, half the answers greedy ${share(left(greedy, h2))}, temperature .7 ${share(left(cool, h2))}.
- **Left seeding, if the law's forecast is to be relied on**: windows of self seeding share coins, and the forecast is too low there (below).`;
}

function keyAdvice(map) {
  const tenants = map.where("keyring", ({ kind }) => kind === "tenants").keyring;
  const epochs = map.where("keyring", ({ kind }) => kind === "epochs").keyring;
  return claim(
    tenants.meanZ < 2 && epochs.meanZ < 2 && tenants.combinedZ < map.at({}).access.oneStep.z / 2,
    `Among ${tenants.parts} equal tenants one tenant's own key has z = ${num(tenants.meanZ)} on average, all keys together ${num(tenants.combinedZ)} (forecast ${num(tenants.combinedForecastZ)}), where one
  key for all has ${num(map.at({}).access.oneStep.z)}; ${epochs.parts} key epochs leave ${num(epochs.meanZ)} each and ${num(epochs.combinedZ)} together.`,
  );
}

function thief(map, fitted) {
  const list = attacked(map).toSorted((a, b) => a.left.value - b.left.value);
  const name = ({ cell }) => attackName(cell.setting.attack);
  const counting = list.filter(({ counts }) => counts);
  const [[strongest], [best]] = [list, counting];
  const costly = claim(
    !strongest.counts,
    `**What removes most costs the capability.** ${name(strongest)} leaves ${percent(strongest.left.value)} of ε and ${percent(strongest.kept)} of the capability`,
  );
  const alive = claim(
    list.every(({ left: { interval } }) => interval.lower > 0 && interval.lower <= 1),
    `**From a count student no attack removes the mark, and none adds to it**: the interval of what is left is above 0 for all ${list.length}, and reaches below 1`,
  );
  return `${costly}. ${alive}. An attack counts only if it
keeps 95 % of the capability: ${counting.length} of ${list.length} do, and leave ${counting.map((one) => `${percent(one.left.value)} (${name(one)})`).join(", ")}. As N* goes with 1/ε², the
strongest of these, ${name(best)}, takes the auditor from ${nOf(best.before)} to ${nOf(best.cell)} tokens. ${cheapest(list, name)}

${forgetting(fitted)}`;
}

/** Students of gradient descent forget. */
function forgetting(fitted) {
  const clean = attacked(fitted).find(({ cell }) => cell.setting.attack.kind === "clean-training");
  return claim(
    clean.left.interval.lower < 0 && clean.counts,
    `**From a small transformer clean training does** (T1, h = 1): as many clean tokens as were stolen, one pass more, leave ${share(clean.left)} of ε, not told from nothing, and ${percent(clean.kept)} of the
capability. The price is ${grouped(clean.cell.budget.cleanTokens)} clean tokens. By the p-values of Sander et al. (2024, table 8) 71 % was left in a 7B model after clean training: how much a student forgets depends on its training, and this map has no large one.`,
  );
}

/** What costs the thief nothing but the merging. */
function cheapest(list, name) {
  const merging = list.find(({ cell }) => cell.setting.attack.kind === "merging");
  return claim(
    merging.counts && merging.left.interval.upper < 0.8,
    `The cheapest is ${name(merging)}: no query, no clean token, no training, ${percent(merging.left.value)} of ε left and capability ${percent(merging.kept)}, as the model before training dilutes
what the mark did to the text.`,
  );
}
