/** A study's figures in letters, for where no picture can be: numbers stand beside what is drawn. */
import { interval } from "../page/format.js";
import { type Scale, scaleOf } from "./scale.js";
import type { Figure, Mark } from "./study-figures.js";

/** Letters of the axis, and of a cell's name at most. */
const WIDTH = 49;
const NAME = 40;

/** A line per mark: `├──●──┤` its value and interval, `◇` what was expected, `┊` the figure's line. */
export function figureText(figure: Figure): string {
  const scale = scaleOf(figure);
  const names = figure.marks.map(({ name }) => shortened(name));
  const nameWidth = Math.max(...names.map(({ length }) => length));
  const several = new Set(figure.marks.map(({ series }) => series)).size > 1;
  const isGrouped = several && figure.kind === "rows";
  const seriesWidth = isGrouped ? Math.max(...figure.marks.map(({ series }) => series.length)) : 0;
  const lines = figure.marks.map((mark, i) => {
    const repeated = i > 0 && figure.marks[i - 1].name === mark.name;
    return [
      (repeated ? "" : names[i]).padEnd(nameWidth),
      ...(isGrouped ? [mark.series.padEnd(seriesWidth)] : []),
      drawn(mark, figure, scale),
      numbers(mark, figure),
    ].join("  ");
  });
  const margin = nameWidth + (isGrouped ? seriesWidth + 2 : 0) + 2;
  return [...lines, ...axisOf(figure, scale).map((line) => " ".repeat(margin) + line)].join("\n");
}

/** How the letters are read. */
export function figureTextLegend({ bars, line, marks }: Figure): string {
  return [
    `● measured, ├─┤ ${bars}`,
    ...(marks.some(({ expected }) => expected !== null) ? ["◇ forecast (◆ where both are)"] : []),
    ...(line === null ? [] : [`┊ ${line.is}`]),
  ].join(", ");
}

function drawn({ value, interval: own, expected }: Mark, { line }: Figure, scale: Scale): string {
  const letters = Array.from({ length: WIDTH }, () => " ");
  const at = (of: number): number => Math.round(scale.place(of) * (WIDTH - 1));
  if (line !== null) letters[at(line.value)] = "┊";
  if (own !== null) {
    const [from, to] = [at(own.lower), at(own.upper)];
    letters.fill("─", from, to + 1);
    letters[from] = scale.holds(own.lower) ? "├" : "◂";
    letters[to] = scale.holds(own.upper) ? "┤" : "▸";
  }
  if (expected !== null) letters[at(expected)] = "◇";
  letters[at(value)] = expected !== null && at(expected) === at(value) ? "◆" : "●";
  return letters.join("");
}

function numbers({ value, interval: own, expected }: Mark, { format }: Figure): string {
  return [
    format(value),
    ...(own === null ? [] : [interval(own, format)]),
    ...(expected === null ? [] : [`◇ ${format(expected)}`]),
  ].join(" ");
}

/** The axis, and its labels where they do not touch. */
function axisOf({ axis }: Figure, { ticks }: Scale): readonly string[] {
  const rule = Array.from({ length: WIDTH }, () => "─");
  let labels = "";
  for (const { place, label } of ticks) {
    const at = Math.round(place * (WIDTH - 1));
    rule[at] = "┬";
    const start = Math.max(0, at - (label.length >> 1));
    if (labels === "" || start > labels.length + 1) labels = labels.padEnd(start) + label;
  }
  return [rule.join(""), `${labels.padEnd(WIDTH)}  ${axis}`];
}

function shortened(name: string): string {
  return name.length <= NAME ? name : `${name.slice(0, NAME - 1)}…`;
}
