/** A colour on white paper, and the one that takes its place where the reader prefers dark. */
export interface Ink {
  readonly light: string;
  readonly dark: string;
}

/** Contrast at least 4.5 : 1 on both papers for text, 3 : 1 for curves. Light values must differ: CSS finds them by value. */
export const INK = {
  paper: { light: "#ffffff", dark: "#0d1117" },
  text: { light: "#1f2937", dark: "#e5e7eb" },
  muted: { light: "#5b6472", dark: "#9ca3af" },
  grid: { light: "#e5e7eb", dark: "#2d333b" },
  band: { light: "#d1e7e3", dark: "#1c3a38" },
  focus: { light: "#1d4fd7", dark: "#8ab4ff" },
} as const satisfies Readonly<Record<string, Ink>>;

/** Curves, in order; verdigris first. They stay apart for the colour-blind, and symbols differ too. */
export const CURVE_INKS: readonly Ink[] = [
  { light: "#0f766e", dark: "#2dd4bf" },
  { light: "#b45309", dark: "#fbbf24" },
  { light: "#6d28d9", dark: "#a78bfa" },
  { light: "#be123c", dark: "#fb7185" },
  { light: "#1d4ed8", dark: "#60a5fa" },
];

/** CSS that turns charts drawn in the light colours dark. Presentation attributes stay for readers without CSS. */
export function darkChartCss(): string {
  const rules = [...Object.values(INK), ...CURVE_INKS].map(
    ({ light, dark }) =>
      `svg [fill="${light}"]{fill:${dark}}svg [stroke="${light}"]{stroke:${dark}}`,
  );
  return `@media screen and (prefers-color-scheme:dark){${rules.join("")}}`;
}
