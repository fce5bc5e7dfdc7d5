// What each attack costs the thief, and what it leaves of the mark.
import { left, tokensOf } from "./study-map.mjs";
import { attackName, eps, grouped, num, percent, ranged, share, table, tokens } from "./words.mjs";

/** Attacked cells with what they leave; those that keep 95 % of the capability count. */
export function attacked(map) {
  return map.cells
    .filter(({ setting }) => setting.attack !== null)
    .map((cell) => ({
      cell,
      before: map.before(cell),
      left: left(cell, map.before(cell)),
      ...cell.attack.capability,
    }));
}

/** The table, one row an attack. */
export function attackTable(...maps) {
  const rows = maps.flatMap((map, i) =>
    attacked(map).map((one) => attackRow(one, i === 0 ? "" : "T1: ")),
  );
  return table(
    [
      "attack",
      "queries",
      "clean tokens",
      "compute",
      "capability kept",
      "counts",
      "of ε left",
      "ε",
      "ε forecast",
      "N*",
      "found",
    ],
    rows,
  );
}

function attackRow({ cell, before, left: of, kept, counts }, place) {
  const { queries, cleanTokens, computeShare } = cell.budget;
  return [
    `${place}${attackName(cell.setting.attack)}`,
    grouped(queries),
    grouped(cleanTokens),
    num(computeShare),
    percent(kept),
    counts ? "yes" : "no",
    share(of),
    ranged(cell.access.oneStep.epsilon),
    cell.closedForm ? eps(cell.forecast.value) : "no closed form",
    `${tokens(tokensOf(before.d))} → ${tokens(tokensOf(cell.d))}`,
    `${cell.access.oneStep.detected}/${cell.runs.length}`,
  ];
}
