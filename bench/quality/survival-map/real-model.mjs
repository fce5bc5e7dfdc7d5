// The T3 arm: what bench/results/t3.json says of a real model, whatever students it holds.
import { TO_DECIDE } from "./study-map.mjs";
import { eps, grouped, num, percent, table, tokens } from "./words.mjs";

/** Students trained on a marked corpus, by width. */
export function markedArms({ students }) {
  return students
    .filter(({ arm }) => /^h\d+$/.test(arm))
    .map((own) => ({ ...own, h: Number(own.arm.slice(1)) }));
}

/** Students that never saw the mark. */
export function innocentArms({ students }) {
  return students.filter(({ arm }) => !/^h\d+$/.test(arm));
}

/** An audit of a marked arm under its own mark. */
export function auditOf({ arm, h, audits }, set, test) {
  const found = audits.find((one) => one.set === set && one.test === test && one.h === h);
  if (found === undefined) throw new RangeError(`t3: arm ${arm} has no audit ${set}, ${test}`);
  return found;
}

/** d of an audit with its interval: coins of a green list have σ = ε √n / z. */
export function effectSize({ effect, interval: [lower, upper], n, z }) {
  const sigma = Math.abs((effect * Math.sqrt(n)) / z);
  return { value: effect / sigma, interval: { lower: lower / sigma, upper: upper / sigma } };
}

/** N* of an audit by its effect size. */
export function required(audit) {
  const { value, interval } = effectSize(audit);
  const n = (d) => (d > 0 ? TO_DECIDE / d ** 2 : Infinity);
  return { value: n(value), least: n(interval.upper), most: n(interval.lower) };
}

export function realModelSection(t3) {
  const arms = markedArms(t3);
  const { judged, held } = t3.decisions.forecasts;
  const { prior, interval } = t3.gain;
  const [
    {
      training: { training, answerTokens },
    },
  ] = arms;
  return `The recipe is [bench/t3](../../../bench/t3): SmolLM2-135M-Instruct is teacher and student, fully fine-tuned for ${training.epochs === 1 ? "one epoch" : `${training.epochs} epochs`}
on ${grouped(Math.floor(answerTokens / 1000) * 1000)} marked tokens an arm. Forecasts and rules of decision were fixed before any audit
(protocol \`${t3.protocolSha256.slice(0, 16)}\`, forecasts \`${t3.forecastSha256.slice(0, 16)}\`). Gain A of the forecast: ${num(prior)} [${interval.map(num).join(", ")}], from one pilot of the
same model; so a forecast's interval is wide. **${held} of ${judged} forecasts held.**

${table(["student", "windows", "test", "n", "ε forecast", "ε", "z", "log10 p", "decoy p", "N*"], arms.flatMap(armRows))}

Tests: *drawn*, one token a context (closed); *free*, free answers to prompts nobody was served (closed); *best*, the most likely token (open);
*soft*, expected scores (open; its variance is its own, so no N* in coins). Windows: of human text, of unmarked answers, and *served*: of the provider's own log. The
law speaks of probabilities: *best* has no forecast. Teacher and student are one model, so there is no capability to gain: held-out loss goes
from ${num(lossOf(t3, "untrained"))} before training to ${arms.map((arm) => `${num(arm.losses["held-out"])} (h = ${arm.h})`).join(", ")}.

${innocents(t3)}

The teacher's own marked text: ${t3.teacher.map(({ h, effect, log10P }) => `h = ${h}: ε = ${num(effect)}, log10 p = ${num(log10P)}`).join("; ")}.`;
}

function lossOf({ students }, arm) {
  return students.find((own) => own.arm === arm)?.losses["held-out"] ?? Number.NaN;
}

function armRows(arm) {
  const sets = new Set(["human", "unmarked", `served-h${arm.h}`, "free"]);
  return arm.audits
    .filter(({ set, h }) => sets.has(set) && h === arm.h)
    .map((audit) => [
      arm.arm,
      audit.set.startsWith("served") ? "served" : audit.set,
      audit.test,
      grouped(audit.n),
      forecastText(audit.forecast),
      `${eps(audit.effect)} [${audit.interval.map(eps).join(", ")}]`,
      num(audit.z),
      num(audit.log10P),
      num(audit.decoys.p),
      audit.test === "soft" ? "–" : tokens(required(audit)),
    ]);
}

function forecastText(forecast) {
  if (forecast === null) return "–";
  const { epsilon, interval, holds } = forecast;
  return `${eps(epsilon)} [${interval.map(eps).join(", ")}]${holds ? "" : " missed"}`;
}

/** The controls that are there: untrained, and unmarked once it is trained. */
function innocents(t3) {
  const rows = innocentArms(t3).map(({ arm, audits }) => {
    const p = audits.map(({ log10P }) => log10P);
    const low = p.filter((one) => one <= Math.log10(0.05)).length;
    const largest = Math.max(...audits.map(({ z }) => z));
    return [
      arm,
      String(p.length),
      num(Math.min(...p)),
      `${low} (${percent(low / p.length)})`,
      num(largest),
    ];
  });
  const { tests, failed } = t3.decisions.controls;
  return `Controls, under all three marks: ${failed} of ${tests} tests below α = ${t3.decisions.alpha} by Holm.

${table(["control", "tests", "smallest log10 p", "p ≤ .05", "largest z"], rows)}`;
}
