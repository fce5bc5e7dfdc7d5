import { InvalidArgumentError, Option } from "commander";

/** Numbers an option accepts. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  /** Whole numbers only. */
  readonly whole?: boolean;
  /** Which ends are left out. Default: none. */
  readonly open?: "min" | "max" | "both";
}

/** A parser of option values that names the range and what came. */
export function numberIn(range: NumberRange): (text: string) => number {
  const { min, max, whole = false, open } = range;
  const openMin = open === "min" || open === "both";
  const openMax = open === "max" || open === "both";
  const interval = `${openMin ? "(" : "["}${min}, ${max}${openMax ? ")" : "]"}`;
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    const inside = (openMin ? value > min : value >= min) && (openMax ? value < max : value <= max);
    if (inside && (!whole || Number.isSafeInteger(value))) return value;
    const kind = whole ? "a whole number" : "a number";
    throw new InvalidArgumentError(`Expected ${kind} in ${interval}, got ${JSON.stringify(text)}.`);
  };
}

/** An option with a number, its range checked. */
export function numberOption(flags: string, description: string, range: NumberRange): Option {
  return new Option(flags, description).argParser(numberIn(range));
}

/** An option with numbers between commas, each in range and larger than the one before. */
export function numbersOption(flags: string, description: string, range: NumberRange): Option {
  const parse = numberIn(range);
  return new Option(flags, description).argParser((text: string): readonly number[] => {
    const values = text.split(",").map(parse);
    if (values.every((value, i) => i === 0 || value > values[i - 1])) return values;
    throw new InvalidArgumentError(`Expected rising numbers, got ${JSON.stringify(text)}.`);
  });
}

/** `--profile FILE`, required. */
export function profileOption(): Option {
  return new Option("--profile <file>", "profile of the mark (JSON)").makeOptionMandatory();
}

/** `--key-file FILE`; `readKey` knows the other way to give a key. */
export function keyFileOption(): Option {
  return new Option(
    "--key-file <file>",
    "file with the key, 64 hex digits; else VERDIGRIS_KEY in the environment",
  );
}

/** `--format`, one of `formats`; the first is the default. */
export function formatOption(formats: readonly string[]): Option {
  return new Option("--format <format>", "output format").choices(formats).default(formats[0]);
}

/** `--alpha P`, in (0, 1); 1e-3 unless given. */
export function alphaOption(description: string): Option {
  return numberOption("--alpha <p>", description, { min: 0, max: 1, open: "both" }).default(1e-3);
}

/** `--memory MIB`, for the positions that a tally remembers; 256 unless given. */
export function memoryOption(): Option {
  const range = { min: 1, max: 65_536, whole: true };
  const description = "MiB for the positions counted; beyond, some new ones are left out";
  return numberOption("--memory <mib>", description, range).default(256);
}

/** `--workers N`; 1 unless given: each takes a tokenizer's memory. */
export function workersOption(): Option {
  const range = { min: 1, max: 64, whole: true };
  const description = "threads that tokenise long input; the result is the same";
  return numberOption("--workers <n>", description, range).default(1);
}

/** `--exit-zero`: a verdict is no failure, an error stays one. */
export function exitZeroOption(): Option {
  return new Option("--exit-zero", "exit with 0 whatever the verdict; errors keep their 2").default(
    false,
  );
}
