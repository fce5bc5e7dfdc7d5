// Students that learn by gradient descent (T1): the study as registered, and the one that its misses asked for.
import { cellTable } from "./axes.mjs";
import { judged, missTable } from "./forecasts.mjs";
import { left, meanByKey } from "./study-map.mjs";
import { claim, eps, grouped, num, percent, ranged, share } from "./words.mjs";
import { ratioOf } from "@verdigris/survival";

export function gradientSection(neural, fitted) {
  return `${registered(neural)}

${cellTable(neural.marked)}

${refitted(neural, fitted)}

${cellTable(fitted.marked)}

${missTable(judged(fitted))}

${lessons(fitted)}`;
}

/** A: measured over what the law says with A = 1, a ratio of means over keys. */
function gainOf(cell) {
  const { gain } = cell.setting.student;
  const epsilons = meanByKey(cell.runs, ({ epsilon }) => epsilon);
  const forecasts = meanByKey(cell.runs, ({ forecast }) => forecast / gain);
  return ratioOf(epsilons.map((numerator, i) => ({ numerator, denominator: forecasts[i] })));
}

const settings = ({ summary: { default: setting, vocabulary, name, digest } }) => {
  const { width, contextLength, epochs, learningRate } = setting.student;
  return `\`${name}\` (digest \`${digest.slice(0, 16)}\`): transformers of width ${width} that look back on ${contextLength} tokens, from scratch, ${epochs} passes at a rate of ${learningRate} over
${grouped(setting.tokens)} tokens of a vocabulary of ${grouped(vocabulary)}; default h = ${setting.mark.h}`;
};

function registered(map) {
  const [h1, h2] = [map.at({}), map.at({ "mark.h": 2 })];
  const gain = gainOf(h1);
  const carried = gain.value * h2.forecast.value;
  const { interval } = h2.access.oneStep.epsilon;
  return `As registered, ${settings(map)}. The configuration names no gain, so its forecast is that of a student which learns as a count student does (A = 1).
${claim(
  judged(map).every(({ held }) => !held),
  `**It missed**: ε = ${eps(h1.access.oneStep.epsilon.value)} where ${eps(h1.forecast.value)} was forecast at h = 1, ${eps(h2.access.oneStep.epsilon.value)} of ${eps(h2.forecast.value)} at h = 2`,
)}. The student learned A = ${ranged(gain, num)} of it. ${claim(
    interval.lower <= carried && carried <= interval.upper,
    `With that A the law says ${eps(carried)} for h = 2, inside its interval`,
  )}. ${claim(
    map.marked.every(({ access }) => access.oneStep.detected === 0),
    `No student is found by ${grouped(map.summary.audit.oneStep)} draws at most, which are ${grouped(h1.n)} coins at h = 1: a vocabulary of ${grouped(map.summary.vocabulary)} has few windows`,
  )}.`;
}

function refitted(neural, map) {
  const [h1, h2] = [map.at({}), map.at({ "mark.h": 2 })];
  const all = judged(map);
  const held = all.filter((one) => one.held).length;
  const [first, second] = [gainOf(h1), gainOf(h2)];
  return `Then, with the training that \`node bench/quality/gain.mjs\` had fitted A = ${num(h1.setting.student.gain)} for, on other keys and corpora, ${settings(map)}.
${held} of ${all.length} forecasts held; A measured here is ${ranged(first, num)} at h = 1 and ${ranged(second, num)} at h = 2. The gain belongs to a training, not to a kind of student: ${num(gainOf(neural.at({})).value)} after ${
    neural.summary.default.student.epochs
  } passes at a rate of ${neural.summary.default.student.learningRate}, ${num(first.value)} after ${map.summary.default.student.epochs} at ${map.summary.default.student.learningRate}.`;
}

/** What the misses of the second study say. */
function lessons(map) {
  const merging = map.where("attack", ({ kind }) => kind === "merging");
  const clean = map.where("attack", ({ kind }) => kind === "clean-training");
  const [merged, washed] = [merging, clean].map((cell) => left(cell, map.at({})));
  return claim(
    washed.interval.upper < 1 &&
      merged.interval.upper < 0.5 &&
      map.at({ "mark.h": 2 }).access.oneStep.epsilon.interval.upper <
        map.at({ "mark.h": 2 }).forecast.value,
    `What the law does not see in a student that descends a gradient: it has room for one window of context, so h = 2 is not learned (L12 in [the laws](laws.md)); it forgets what it is no longer shown, so clean training leaves ${share(washed)} where the law
says ${percent(clean.forecast.value / map.at({}).forecast.value)}; and the mean of two sets of weights is no mixture of two predictions: ${share(merged)} left, with ${percent(merging.attack.capability.kept)} of the capability. A forecast for such students is to be taken as an upper bound
wherever its gain was not fitted.`,
  );
}
