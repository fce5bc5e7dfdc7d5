// Forecast against measured, cell by cell.
import { cellName, eps, num, ranged, table } from "./words.mjs";

/** Marked cells that the law has a closed form for, with how far the forecast was off. */
export function judged(map) {
  return map.marked
    .filter(({ closedForm }) => closedForm)
    .map((cell) => {
      const { value, interval } = cell.off;
      const errors = value / cell.offError;
      /** The same by the coins alone: keys are few, so their spread is itself uncertain. */
      const coinErrors = (value / cell.sigma) * Math.sqrt(cell.runs.length * cell.n);
      return { cell, errors, coinErrors, held: interval.lower <= 0 && 0 <= interval.upper };
    });
}

export function forecastSection(...maps) {
  const all = maps.flatMap(judged);
  const held = all.filter((one) => one.held).length;
  const big = all.filter(({ cell }) => cell.forecast.value > 0.01);
  const ratios = big
    .map(({ cell }) => cell.access.oneStep.epsilon.value / cell.forecast.value)
    .toSorted((a, b) => a - b);
  const within = maps.map((map) => map.marked.filter(({ closedForm }) => closedForm));
  const agreeing = within
    .flat()
    .reduce((sum, cell) => sum + cell.withinForecast * cell.runs.length, 0);
  const runs = within.flat().reduce((sum, cell) => sum + cell.runs.length, 0);
  return `Every forecast was stored before its student was trained. A forecast holds if the 95 % interval of measured − forecast over keys (Student's t,
the same runs on both sides) reaches 0: **${held} of ${all.length}** cells; chance alone would have about ${num(0.05 * all.length)} miss. Of ${runs} single students,
${Math.round(agreeing)} are within 3 standard errors + 10 % of their forecast. Where ε > .01 was forecast (${big.length} cells) measured / forecast has median ${num(ratios[ratios.length >> 1])},
from ${num(ratios[0])} to ${num(ratios.at(-1))}. Cells without a closed form are not counted.

${missTable(all)}`;
}

/** The cells that missed, and by how much. */
export function missTable(all) {
  const missed = all.filter(({ held }) => !held).toSorted((a, b) => b.errors ** 2 - a.errors ** 2);
  if (missed.length === 0) return "No forecast missed.";
  const rows = missed.map(({ cell, errors, coinErrors }) => [
    cellName(cell.changes),
    eps(cell.forecast.value),
    ranged(cell.access.oneStep.epsilon),
    ranged(cell.off),
    num(cell.access.oneStep.epsilon.value / cell.forecast.value),
    num(errors),
    num(coinErrors),
  ]);
  return `Where it missed:\n\n${table(
    [
      "cell",
      "ε forecast",
      "ε",
      "measured − forecast",
      "ratio",
      "errors over keys",
      "errors of the coins",
    ],
    rows,
  )}`;
}
