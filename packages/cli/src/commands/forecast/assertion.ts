/** `--assert 'p=1e-5,tokens=1e6,rho=.05'`: a bound on what must be provable, for a build to fail on. */
import type {
  Outlook,
  ServedWindows,
  StudentFamily,
  WeighedOutlook,
  WeightingName,
} from "@verdigris/survival";

/** What must hold: an audit of `tokens` scored tokens decides at level p with probability `power`. */
export interface Assertion {
  readonly text: string;
  readonly p: number;
  readonly tokens: number;
  readonly rho: number;
  readonly share: number;
  readonly power: number;
  readonly student: string;
  readonly weights: WeightingName;
}

/** An assertion and what the forecast says of it. */
export interface Judged extends Assertion {
  readonly holds: boolean;
  /** Scored tokens there can be: fewer than `tokens` where the auditor's text has fewer windows. */
  readonly n: number;
  /** Power at the lower end of the forecast's interval: what `power` is compared with. */
  readonly leastPower: number;
  readonly requiredTokens: number | null;
}

const WEIGHTS: readonly string[] = ["plain", "filter", "leverage"];

/** @throws TypeError naming what is missing, unknown or out of range */
export function parseAssertion(text: string): Assertion {
  const fields = new Fields(text);
  const assertion: Assertion = {
    text,
    p: fields.number("p", null, 0.5),
    tokens: Math.ceil(fields.number("tokens", null, 1e12)),
    rho: fields.number("rho", 1, 1),
    share: fields.number("share", 1, 1),
    power: fields.number("power", 0.9, 1 - 1e-9),
    student: fields.word("student", "count"),
    weights: fields.word("weights", "leverage") as WeightingName,
  };
  fields.end();
  if (WEIGHTS.includes(assertion.weights)) return assertion;
  throw new TypeError(
    `--assert: expected weights= ${WEIGHTS.join(", ")}, got ${show(assertion.weights)}`,
  );
}

/** NAME=VALUE pairs that are taken one by one. */
class Fields {
  readonly #given = new Map<string, string>();
  readonly #known: string[] = [];

  constructor(text: string) {
    for (const part of text.split(",")) {
      const at = part.indexOf("=");
      const [name, value] = [part.slice(0, at).trim(), part.slice(at + 1).trim()];
      if (at < 1 || value === "" || this.#given.has(name)) {
        throw new TypeError(`--assert: expected NAME=VALUE,…, each name once, got ${show(text)}`);
      }
      this.#given.set(name, value);
    }
  }

  /** A number in (0, max]; `usual` where none is given, null if one must be. */
  number(name: string, usual: number | null, max: number): number {
    const given = this.#take(name);
    const value = given === undefined ? usual : Number(given);
    if (value !== null && value > 0 && value <= max) return value;
    throw new TypeError(
      `--assert: expected ${name}= a number in (0, ${max}], got ${given === undefined ? "none" : show(given)}`,
    );
  }

  word(name: string, usual: string): string {
    return this.#take(name) ?? usual;
  }

  /** @throws TypeError for a name that nobody took */
  end(): void {
    const [unknown] = this.#given.keys();
    if (unknown === undefined) return;
    throw new TypeError(`--assert: expected ${this.#known.join(", ")}; got ${show(unknown)}`);
  }

  #take(name: string): string | undefined {
    this.#known.push(name);
    const given = this.#given.get(name);
    this.#given.delete(name);
    return given;
  }
}

/** @throws TypeError for a kind of student that the forecast does not have */
export async function judge(
  assertion: Assertion,
  survey: ServedWindows,
  families: readonly StudentFamily[],
): Promise<Judged> {
  const { survivabilityBudget } = await import("@verdigris/survival");
  const { p: alpha, tokens, rho, power, share, student, weights } = assertion;
  const family = families.find(({ name }) => name === student);
  if (family === undefined) {
    const known = families.map(({ name }) => name).join(", ");
    throw new TypeError(`--assert: expected student= ${known}; got ${show(student)}`);
  }
  const options = { families: [family], alpha, rho, power, tokens: [tokens] };
  const all = survivabilityBudget(survey, options);
  const outlook = all.find((each) => each.share === share) as Outlook;
  const weighed = outlook.weightings.find(({ weighting }) => weighting === weights);
  const { audits, requiredTokens } = weighed as WeighedOutlook;
  const [{ n, leastPower }] = audits;
  return {
    ...assertion,
    holds: leastPower >= power,
    n,
    leastPower,
    requiredTokens: requiredTokens?.value ?? null,
  };
}

function show(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
