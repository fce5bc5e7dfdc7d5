/** The axis of a study's figure: what it spans, where values are on it, and its ticks. */
import { compact } from "../page/format.js";
import type { Figure } from "./study-figures.js";

/** An axis from 0 to 1. */
export interface Scale {
  /** Where a value is; one beyond an end is at that end. */
  place(value: number): number;
  /** Whether a value lies on the axis, not beyond it. */
  holds(value: number): boolean;
  readonly ticks: readonly Tick[];
}

/** A labelled place. */
export interface Tick {
  readonly place: number;
  readonly label: string;
}

/** The axis of a figure. */
export function scaleOf(figure: Figure): Scale {
  return figure.scale === "log" ? logScale(figure) : linearScale(figure);
}

function valuesOf({ marks, line }: Figure): readonly number[] {
  const values = marks.flatMap(({ value, expected }) => [value, expected ?? value]);
  return [...values, ...(line === null ? [] : [line.value])];
}

function endsOf({ marks }: Figure): readonly number[] {
  return marks.flatMap(({ interval }) => (interval === null ? [] : Object.values(interval)));
}

const STEPS = [1, 2, 5] as const;

/** Least ε that is drawn: telling less from 0 takes some 10⁸ tokens. */
const LEAST = 1e-4;

/** From the least positive value to the largest end of a bar, both rounded outwards to 1, 2 or 5 of a decade. */
function logScale(figure: Figure): Scale {
  const values = valuesOf(figure).filter((value) => value > 0);
  const nearest = Math.min(...values, Infinity);
  // A bar that goes on far below its value is cut at the edge.
  const ends = endsOf(figure).filter((end) => end > nearest / 4);
  const least = Math.max(LEAST, Math.min(nearest, ...ends));
  const most = Math.max(...values, ...ends.filter(Number.isFinite), 2 * LEAST);
  const low = Math.min(least, most / 2);
  const round = [...decades(low, most)].flatMap((decade) =>
    STEPS.map((step) => step * 10 ** decade),
  );
  const lower = round.findLast((value) => value <= low) ?? low;
  const upper = round.find((value) => value >= most) ?? most;
  const [start, end] = [Math.log10(lower), Math.log10(upper)];
  const place = (value: number): number =>
    (Math.log10(Math.min(upper, Math.max(lower, value))) - start) / (end - start);
  const shown = round.filter((value) => value >= lower && value <= upper);
  const whole = shown.filter((value) =>
    Number.isInteger(Math.round(1e9 * Math.log10(value)) / 1e9),
  );
  return {
    place,
    holds: (value) => value >= lower && value <= upper,
    ticks: (whole.length > 2 ? whole : shown).map((value) => ({
      place: place(value),
      label: powerText(value),
    })),
  };
}

function* decades(low: number, high: number): Generator<number> {
  const last = Math.ceil(Math.log10(high));
  for (let decade = Math.floor(Math.log10(low)); decade <= last; decade++) yield decade;
}

/** Ticks of an even step, seven at most. */
function linearScale(figure: Figure): Scale {
  const all = [...valuesOf(figure), ...endsOf(figure)].filter(Number.isFinite);
  const [least, most] = [Math.min(0, ...all), Math.max(...all)];
  const room = 0.05 * (most - least || 1);
  const [lower, upper] = [least < 0 ? least - room : 0, most + room];
  const rough = (upper - lower) / 7;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = decade * ([...STEPS, 10].find((size) => size * decade >= rough) ?? 10);
  const place = (value: number): number =>
    (Math.min(upper, Math.max(lower, value)) - lower) / (upper - lower);
  const first = Math.ceil(lower / step);
  return {
    place,
    holds: (value) => value >= lower && value <= upper,
    ticks: Array.from({ length: Math.floor(upper / step) - first + 1 }, (_, i) => ({
      place: place((first + i) * step),
      label: compact((first + i) * step),
    })),
  };
}

/** 0.001, 500, 10⁶, 2·10⁶. */
function powerText(value: number): string {
  const exponent = Math.floor(Math.log10(value * (1 + 1e-9)));
  if (exponent <= 3) return compact(value);
  const power = `10${[...String(exponent)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("")}`;
  const factor = Math.round(value / 10 ** exponent);
  return factor === 1 ? power : `${factor}·${power}`;
}
