/** Who, of many, a text leads to. m keys, n coins. */
import { type Kernel, type Key, type Profile, createKernel, schemeBinder } from "@verdigris/core";
import { decoyTest } from "./decoys.js";
import { type Evidence, evidenceOf, widened, zScoreOf } from "./evidence.js";
import { type KeySum, scorerOf } from "./many-keys.js";
import { eProcess } from "./sequential/e-process.js";
import { requireBetween, requireReal } from "./statistics/checks.js";
import { type Forecast, eBenjaminiHochberg, forecast, holm, rejects } from "./statistics/index.js";
import type { Piece } from "./tally.js";
import { certainInflation } from "./verdict.js";

/** Printed with every attribution. */
export const WHAT_AN_ACCUSATION_SAYS =
  "An accusation says that the text carries the mark of this key more than chance allows over all keys tested. Whoever " +
  "holds the text may have it from the accused, or from whoever copied them. A copier who spreads over many accounts " +
  "leaves too little of each tenant's mark to be found: only the keys of groups and of the provider, which all those " +
  "accounts share, survive that.";

/** The level of a key: the wider, the more accounts it covers. */
export type KeyLevel = "provider" | "group" | "tenant";

/** Someone whose key is tried. */
export interface Suspect {
  readonly name: string;
  readonly level: KeyLevel;
  readonly key: Key;
}

/** A suspect whose mark stands out. */
export interface Trace extends Omit<Suspect, "key"> {
  readonly keyId: string;
  readonly evidence: Evidence;
  /** log10 p after widening and Holm's correction for all keys. */
  readonly log10PAdjusted: number;
  /** log10 of the e-value. */
  readonly log10E: number;
}

/** What was tested, and what could have been found. */
interface Tested {
  /** Keys tried. */
  readonly keys: number;
  readonly alpha: number;
  /** What the test could find if a tenant's text showed the expected effect. */
  readonly forecast: Forecast;
  /** Selected by e-BH: whom to look at, not whom to accuse. Of these at most a share of α is expected to be innocent. */
  readonly triage: readonly Trace[];
  readonly warnings: readonly string[];
}

/** Whom a text leads to. */
export type Attribution =
  | ({ readonly kind: "accused"; readonly accused: readonly Trace[] } & Tested)
  | ({ readonly kind: "none" } & Tested)
  /** The text could hardly have convicted a guilty tenant, so it convicts nobody. */
  | ({ readonly kind: "refused"; readonly reason: string; readonly power: number } & Tested);

/** How to attribute. */
export interface AttributionOptions {
  /** Chance of any false accusation, and share of innocents in the triage; in (0, 1). Default 1e-3. */
  readonly alpha?: number;
  /** Mean excess of a coin's score that a guilty tenant's text is expected to show; for a green list a rate. Above 0. */
  readonly effect: number;
  /** Accusations with a smaller forecast power are refused; in (0, 1). Default 0.5. */
  readonly leastPower?: number;
  readonly kernel?: Kernel;
}

/** Decoy keys that show whether coins are independent. */
const DECOYS = 99;

/**
 * Tries the keys of many suspects on one text. P(anyone is accused of a text that is independent of all keys) ≤ α
 * (Holm 1979). Suspects are taken one by one; only those with p ≤ α, or an e-value ≥ 1/α, are remembered.
 *
 * @throws RangeError for α, effect or power outside their range, or a token id ≥ V
 */
export function attribute(
  profile: Profile,
  texts: readonly Piece[],
  suspects: Iterable<Suspect>,
  options: AttributionOptions,
): Attribution {
  const { alpha = 1e-3, effect, leastPower = 0.5, kernel = createKernel() } = options;
  requireBetween("alpha", alpha);
  requireBetween("leastPower", leastPower);
  requireReal("effect", effect, { min: Number.MIN_VALUE, max: Number.MAX_VALUE });
  const [bind, score] = [schemeBinder(profile, kernel), scorerOf(texts)];
  const search = new Search(alpha);
  for (const suspect of suspects) search.take(suspect, score(bind(suspect.key)));
  if (search.keys === 0) throw new TypeError("suspects: expected at least one key, got none");
  const inflation = inflationOf(profile, texts, { kernel, fewest: search.fewest });
  const traces = search.traces(inflation);
  const { law, n } = search.fewest;
  const expected = forecast(law, n, { effect, alpha: alpha / search.keys, power: leastPower });
  const tested: Tested = {
    keys: search.keys,
    alpha,
    forecast: expected,
    triage: triageOf(traces, alpha, search.keys),
    warnings: inflation === null ? [] : [inflationWarning(inflation)],
  };
  if (expected.power < leastPower) {
    return {
      kind: "refused",
      reason: refusal(search, expected, leastPower),
      power: expected.power,
      ...tested,
    };
  }
  const accused = traces.filter(({ log10PAdjusted }) => rejects(log10PAdjusted, alpha));
  return accused.length > 0 ? { kind: "accused", accused, ...tested } : { kind: "none", ...tested };
}

interface Finalist extends Omit<Suspect, "key"> {
  readonly keyId: string;
  readonly found: KeySum;
}

/** The suspects that can still matter when all are seen. */
class Search {
  readonly #log10Alpha: number;
  readonly #finalists: Finalist[] = [];
  #keys = 0;
  #fewest: KeySum | null = null;

  constructor(alpha: number) {
    this.#log10Alpha = Math.log10(alpha);
  }

  get keys(): number {
    return this.#keys;
  }

  /** Of the sums the one with the fewest coins. */
  get fewest(): KeySum {
    if (this.#fewest === null) throw new TypeError("suspects: expected at least one key, got none");
    return this.#fewest;
  }

  take({ name, level, key }: Suspect, found: KeySum): void {
    this.#keys++;
    if (this.#fewest === null || found.n < this.#fewest.n) this.#fewest = found;
    // An e-value of the sum is at most 1/p (Markov), so that p alone says who can reach either threshold.
    const { log10P } = evidenceOf(found.law, found);
    if (log10P > this.#log10Alpha * (1 - 1e-9)) return;
    this.#finalists.push({ name, level, keyId: key.id, found });
  }

  /** The finalists, the likeliest first. */
  traces(inflation: number | null): readonly Trace[] {
    const evidence = this.#finalists.map(({ found }) => evidenceOf(found.law, found));
    const log10P = this.#finalists.map(({ found }, i) =>
      inflation === null ? evidence[i].log10P : widened(found.law, found, inflation),
    );
    const adjusted = holm(log10P, this.#keys);
    return this.#finalists
      .map(({ name, level, keyId, found }, i): Trace => ({
        name,
        level,
        keyId,
        evidence: evidence[i],
        log10PAdjusted: adjusted[i],
        log10E: eProcess(found.law)(found),
      }))
      .sort((a, b) => a.evidence.log10P - b.evidence.log10P);
  }
}

function triageOf(traces: readonly Trace[], level: number, keys: number): readonly Trace[] {
  const selected = eBenjaminiHochberg(
    traces.map(({ log10E }) => log10E),
    level,
    keys,
  );
  return traces.filter((_, i) => selected[i]);
}

/** The variance inflation of the text, where it is certain. */
function inflationOf(
  profile: Profile,
  texts: readonly Piece[],
  { kernel, fewest }: { readonly kernel: Kernel; readonly fewest: KeySum },
): number | null {
  const statistic = { zScore: fewest.n === 0 ? 0 : zScoreOf(fewest.law, fewest) };
  return certainInflation(decoyTest(profile, texts, { keys: DECOYS, statistic, kernel }));
}

function inflationWarning(inflation: number): string {
  return `the variance of z over decoy keys is ${inflation.toFixed(2)}: every p was widened by it`;
}

function refusal({ keys, fewest }: Search, { power, effect }: Forecast, least: number): string {
  return (
    `with ${fewest.n} coins and ${keys} keys a tenant whose text shows an excess of ${effect.toPrecision(3)} would be ` +
    `found with probability ${power.toPrecision(2)}, below the bound of ${least}`
  );
}
