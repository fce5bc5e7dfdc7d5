// The page and the figures, by the path in the repository.
import { mapFigures } from "./figures.mjs";
import { mapPage } from "./page.mjs";
import { StudyMap } from "./study-map.mjs";

/** Path → contents, from what bench/results/survival-map.json and bench/results/t3.json hold. */
export function mapFiles(summaries, t3) {
  const [counts, neural, fitted] = summaries.map((summary) => new StudyMap(summary));
  const figures = Object.entries(mapFigures(counts, t3)).map(([name, svg]) => [
    `packages/docs/guide/images/survival-map-${name}.svg`,
    svg,
  ]);
  return Object.fromEntries([
    ["packages/docs/guide/survival-map.md", mapPage({ counts, neural, fitted, t3 })],
    ...figures,
  ]);
}
