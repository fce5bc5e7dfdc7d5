// Numbers, names of cells and tables of the survival map, in words.

/** Three decimals below 1, without the leading zero; fewer above. */
export function num(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const text = value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace(/^(-?)0\./, "$1.");
}

/** An excess ε: four decimals, as most are small. */
export function eps(value) {
  if (!Number.isFinite(value)) return "–";
  const text = value.toFixed(Math.abs(value) < 0.1 ? 4 : 3);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace(/^(-?)0\./, "$1.");
}

/** A value and its 95 % interval. */
export function ranged({ value, interval }, show = eps) {
  return `${show(value)} [${show(interval.lower)}, ${show(interval.upper)}]`;
}

export function percent(value) {
  return `${Math.round(100 * value)} %`;
}

/** A share and its 95 % interval. */
export function share(of) {
  return ranged(of, percent);
}

/** A count in groups of three, rounded up to three digits from 10,000 on. */
export function grouped(value) {
  const digits = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 2);
  const rounded = value >= 10_000 ? Math.ceil(value / digits) * digits : Math.ceil(value);
  return String(rounded).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** N*, or only its lower bound where the interval of d reaches 0. */
export function tokens({ value, least, most }) {
  if (Number.isFinite(most)) return grouped(value);
  return Number.isFinite(least) ? `> ${grouped(least)}` : "–";
}

/** 1e-5 and the like. */
export const power = (alpha) => alpha.toExponential(0);

const NAMES = {
  "mark.h": "h",
  rho: "ρ",
  "student.inertia": "κ",
  "teacher.temperature": "temperature",
};

/** What a cell changes; "default" for the default cell. */
export function cellName(changes) {
  const parts = Object.entries(changes)
    .filter(([, level]) => level !== null)
    .map(([path, level]) => named(path, level));
  return parts.length === 0 ? "default" : parts.join(", ");
}

function named(path, level) {
  const name = NAMES[path] ?? path.replace(/^(mark|teacher|student)\./, "");
  if (path === "mark") return markName(level);
  if (path === "served") return level === 0 ? "any window" : `served ≥ ${level}`;
  if (path === "tokens") return `${grouped(level)} tokens`;
  if (path === "keyring") return `${level.count} ${level.kind}`;
  if (path === "mark.parameters") return `δ ${level.delta}`;
  if (path === "mark.seeding") return `${level} seeding`;
  if (path === "teacher.greedy") return `${percent(level)} of answers greedy`;
  if (path === "teacher.repeatedContexts") return `masking ${level}`;
  if (path === "generations") return `generation ${level}`;
  if (path === "attack") return attackName(level);
  return `${name} ${String(level).replace(/^0\./, ".")}`;
}

/** A mark by scheme and width. */
export function markName({ scheme, h }) {
  return `${scheme} h ${h}`;
}

/** An attack with its settings. */
export function attackName({ kind, ...settings }) {
  const { frequency: _, contexts: __, ...told } = settings;
  const parts = Object.entries(told).map(([key, value]) => `${key} ${[value].flat().join("+")}`);
  return [kind, ...parts].join(", ");
}

export function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? ":--" : "--:"))), ...rows.map(line)].join(
    "\n",
  );
}

/** A sentence whose claim holds. @throws Error for one that the numbers do not bear out */
export function claim(holds, sentence) {
  if (!holds) throw new Error(`the numbers do not say: ${sentence}`);
  return sentence;
}
