import type { Interval } from "@verdigris/detector";

/** Shown where there is no number to show. */
export const NOTHING = "–";

/** A number with a fixed count of decimals; no negative zero, and never "NaN" or "Infinity". */
export function fixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return NOTHING;
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? (0).toFixed(decimals) : text;
}

/** An excess score per token, ε or Δ_T. */
export const excess = (value: number): string => fixed(value, 4);

/** A log10 p or a z. */
export const tenths = (value: number): string => fixed(value, 1);

/** A survival ratio. */
export const ratio = (value: number): string => fixed(value, 3);

/** Two decimals: variance inflation, loss in nats. */
export const hundredths = (value: number): string => fixed(value, 2);

/** A count, rounded up, in groups of three digits. */
export function count(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NOTHING;
  return String(Math.ceil(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A probability, a share or α in as few digits as say it, at most `digits` significant ones. */
export function compact(value: number, digits = 3): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(digits))) : NOTHING;
}

export function interval({ lower, upper }: Interval, format: (value: number) => string): string {
  return `[${format(lower)}, ${format(upper)}]`;
}

/** "a", "a and b", "a, b and c". */
export function list(items: readonly string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items[items.length - 1]}`;
}

/** "1 cell", "2 cells". */
export function plural(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
}
