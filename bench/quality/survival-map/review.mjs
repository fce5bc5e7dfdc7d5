// What a reviewer would ask of the numbers: misses, odd controls, surprises; each with its figures.
import { judged } from "./forecasts.mjs";
import { auditOf, markedArms } from "./real-model.mjs";
import { meanOf } from "./study-map.mjs";
import { cellName, claim, eps, num, percent } from "./words.mjs";

export function review(map, t3) {
  const self = map.at({ "mark.seeding": "self" });
  const base = map.at({});
  const scored = (cell) => percent(cell.n / base.n);
  const others = judged(map).filter(({ cell }) => cell !== self);
  const worst = others.toSorted((a, b) => Math.abs(b.errors) - Math.abs(a.errors))[0];
  return [
    claim(
      self.access.oneStep.epsilon.interval.lower > 1.5 * self.forecast.value,
      `- **Self seeding survives better than the law says**: ε = ${eps(self.access.oneStep.epsilon.value)} where ${eps(self.forecast.value)} was forecast. The law counts windows; where the candidate decides the seed, windows
  share coins (${scored(self)} of the audited tokens are distinct coins, ${scored(base)} with left seeding), so a student learns a coin in one window and shows it in another. Its effective
  width is below h. The open test had to be changed for such marks: it took their windows for independent (decision 0066).`,
    ),
    `- **The largest other deviation**, of ${others.length} cells, is ${num(worst.errors)} standard errors over keys, ${num(worst.coinErrors)} by the coins (${cellName(worst.cell.changes)}: ${eps(worst.cell.access.oneStep.epsilon.value)} measured, ${eps(worst.cell.forecast.value)}
  forecast, ratio ${num(worst.cell.access.oneStep.epsilon.value / worst.cell.forecast.value)}). Five keys give four degrees of freedom, and a small spread over keys is luck as often as a large one.`,
    freeText(base, t3),
    looping(map),
    raised(map),
  ].join("\n");
}

function freeText(base, t3) {
  const arm = markedArms(t3).find(({ h }) => h === base.setting.mark.h);
  const [free, drawn] = [auditOf(arm, "free", "free"), auditOf(arm, "unmarked", "drawn")];
  return claim(
    base.free.d.interval.lower > base.d.interval.upper && free.effect < 1.5 * drawn.effect,
    `- **Count students show more in what they write than in what they are asked; the real model does not**: ε = ${eps(base.access.freeRun.epsilon.value)} free and ${eps(base.access.oneStep.epsilon.value)} by draws in held-out
  windows, but ${eps(free.effect)} and ${eps(drawn.effect)} for SmolLM2 at the same h. Its own text leads a small student back into windows it was trained on, as the log leads an
  auditor. No forecast is made for windows that a student chooses, and N* of free text does not carry over.`,
  );
}

/** Marks whose text teaches less than no text. */
function looping(map) {
  const broken = map.alone("mark").filter(({ capability }) => capability.unmarked.kept < 0);
  const [first] = broken;
  return claim(
    broken.length > 0,
    `- **Some marks ruin the text**: ${broken.map(({ changes }) => cellName(changes)).join(" and ")} leave a student that predicts unmarked text worse than before training (capability ${broken
      .map(({ capability }) => percent(capability.unmarked.kept))
      .join(
        ", ",
      )}). Under one key such a mark picks the same token after the same window, and the teacher, a count model of little entropy, runs in
  loops: only ${percent(first.free.scored)} of what the student writes are distinct coins. The large excess of its free text (ε = ${num(first.access.freeRun.epsilon.value)}) is that of a text nobody would serve.`,
  );
}

/** Attacks that left more than there was, and unmarked students with an effect. */
function raised(map) {
  const effects = map.unmarked.map((cell) => {
    const { value, interval } = cell.access.oneStep.epsilon;
    return { cell, value, outside: interval.lower > 0 || interval.upper < 0 };
  });
  const outside = effects.filter((one) => one.outside);
  const mean = meanOf(effects, ({ value, cell }) => value / cell.sigma);
  return `- **Unmarked students**: of ${effects.length} cells ${outside.length} have an interval of ε without 0 (${num(0.05 * effects.length)} expected; cells share students)${
    outside.length === 0
      ? ""
      : `: ${outside.map(({ cell, value }) => `${cellName(cell.changes)} (${eps(value)})`).join(", ")}`
  }. Their mean d is ${num(mean)}.`;
}
