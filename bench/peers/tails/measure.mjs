/**
 * Errors of npm packages on fixtures/vectors/tails.json and tails-sums.json, for decision records 0004 and 0012.
 * From the repository root:  npm install --prefix bench/peers/tails
 *                            node bench/peers/tails/measure.mjs
 */
import { readFileSync } from "node:fs";
import betainc from "@stdlib/math-base-special-betainc";
import gammainc from "@stdlib/math-base-special-gammainc";
import hypergeometricCdf from "@stdlib/stats-base-dists-hypergeometric-cdf";
import jstatModule from "jstat";
import * as libR from "lib-r-math.js";

const jstat = jstatModule.jStat ?? jstatModule;
const read = (name) =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/vectors/${name}`, import.meta.url), "utf8"));
const vectors = { ...read("tails.json"), ...read("tails-sums.json") };

/** @type {readonly [name: string, table: string, tail: (...row: number[]) => number][]} */
const candidates = [
  ["@stdlib betainc", "binomial", (n, k, p) => betainc(p, k, n - k + 1)],
  ["lib-r-math.js pbinom", "binomial", (n, k, p) => libR.pbinom(k - 1, n, p, false)],
  ["jstat ibeta", "binomial", (n, k, p) => jstat.ibeta(p, k, n - k + 1)],
  ["@stdlib gammainc", "gamma", (n, x) => gammainc(x, n, true, true)],
  ["lib-r-math.js pgamma", "gamma", (n, x) => libR.pgamma(x, n, 1, undefined, false)],
  ["jstat gammapinc", "gamma", (n, x) => 1 - jstat.lowRegGamma(n, x)],
  ["lib-r-math.js pnorm", "normal", (z) => libR.pnorm(z, 0, 1, false)],
  ["jstat normal.cdf", "normal", (z) => 1 - jstat.normal.cdf(z, 0, 1)],
  [
    "@stdlib hypergeometric-cdf",
    "hypergeometric",
    // Upper tail as the lower tail of the other colour.
    (size, green, n, k) => hypergeometricCdf(n - k, size, size - green, n),
  ],
  [
    "lib-r-math.js phyper",
    "hypergeometric",
    (size, green, n, k) => libR.phyper(k - 1, green, size - green, n, false),
  ],
  [
    "jstat hypgeom.cdf",
    "hypergeometric",
    (size, green, n, k) => jstat.hypgeom.cdf(n - k, size, size - green, n),
  ],
];

for (const [name, table, tail] of candidates) {
  const errors = [];
  let wrong = 0; // NaN, a thrown error, or p = 0 where p > 1e-300
  for (const row of vectors[table]) {
    const log10P = row.at(-1);
    // jstat's loops grow with n without bound: it is spared the largest.
    if (log10P < -300 || row[0] > 1e6) continue;
    let p = NaN;
    try {
      p = tail(...row);
    } catch {}
    if (p > 0) errors.push(Math.abs(Math.expm1((Math.log10(p) - log10P) * Math.LN10)));
    else wrong++;
  }
  errors.sort((a, b) => a - b);
  const show = (x) => (x === undefined ? "-" : x.toExponential(1));
  const above = errors.filter((error) => error > 1e-11).length;
  console.log(
    `${table.padEnd(14)} ${name.padEnd(26)} cases ${errors.length + wrong}, median ` +
      `${show(errors[errors.length >> 1])}, worst ${show(errors.at(-1))}, ` +
      `above 1e-11: ${above}, no usable value: ${wrong}`,
  );
}
