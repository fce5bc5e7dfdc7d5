// The tables of what decides survival, axis by axis.
import { tokensOf } from "./study-map.mjs";
import { cellName, eps, num, percent, ranged, table, tokens } from "./words.mjs";

/** One table of cells, a row each. */
export function cellTable(cells) {
  const rows = cells.map((cell) => {
    const { oneStep, openSoft, freeRun } = cell.access;
    return [
      cellName(cell.changes),
      cell.closedForm ? eps(cell.forecast.value) : "no closed form",
      ranged(oneStep.epsilon),
      num(cell.d.value),
      tokens(tokensOf(cell.d)),
      ranged(cell.survivalRatio, num),
      `${oneStep.detected}/${cell.runs.length}`,
      eps(openSoft.epsilon.value),
      freeRun === null ? "–" : eps(freeRun.epsilon.value),
      cell.free === null ? "–" : tokens(tokensOf(cell.free.d)),
      taught(cell) ? percent(cell.capability.unmarked.kept) : "–",
    ];
  });
  const head = [
    "cell",
    "ε forecast",
    "ε",
    "d",
    "N*",
    "R",
    "found",
    "ε open",
    "ε free",
    "N* free",
    "capability",
  ];
  return table(head, rows);
}

/** Whether unmarked text of the same kind taught the student anything: else there is no capability to compare with. */
function taught({ capability: { unmarked } }) {
  return unmarked.untrained > unmarked.unattacked;
}

/** The sections, each a heading and a table. */
export function axes(map) {
  const base = map.at({});
  const part = (title, ...cells) => `### ${title}\n\n${cellTable(cells.flat())}`;
  return [
    part(
      "Context width",
      map.at({ "mark.h": 1 }),
      base,
      map.at({ "mark.h": 3 }),
      map.at({ "mark.h": 4 }),
    ),
    part("Mark", base, map.alone("mark.seeding"), map.alone("mark.parameters"), map.alone("mark")),
    part(
      "Marked share ρ, and what fills the rest",
      [base, map.alone("rho"), map.crossing("rho", "filler"), map.crossing("mark.h", "rho")].flat(),
    ),
    part("The student's inertia κ", base, map.alone("student.inertia")),
    part(
      "Supervision and training tokens: only windows that were served so often",
      base,
      map.alone("served"),
      map.at({ "mark.h": 4 }),
      map.crossing("mark.h", "served"),
      map.crossing("mark.h", "served", "tokens"),
    ),
    part(
      "How the teacher serves",
      base,
      map.alone("teacher.temperature"),
      map.alone("teacher.greedy"),
      map.alone("teacher.repeatedContexts"),
    ),
    part(
      "Tenants and key epochs (one key alone), generations",
      base,
      map.alone("keyring"),
      map.alone("generations"),
    ),
  ];
}
