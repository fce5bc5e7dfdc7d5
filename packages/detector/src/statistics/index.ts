export { binomialLog10P } from "./binomial.js";
export { clopperPearson, type Interval } from "./clopper-pearson.js";
export { eBenjaminiHochberg } from "./e-bh.js";
export { gammaLog10Q } from "./gamma.js";
export { hypergeometricLog10P, type Draw } from "./hypergeometric.js";
export { holm } from "./holm.js";
export { ksUniform, type KolmogorovSmirnov } from "./kolmogorov-smirnov.js";
export { normalLog10Q, normalQuantile } from "./normal.js";
export {
  type Forecast,
  type ForecastPlan,
  forecast,
  largestExcess,
  rejects,
  requiredTokens,
  smallestRejecting,
  type TestPlan,
} from "./power.js";
export { largestSum, scoreLog10P } from "./score-sum.js";
export {
  poissonBinomialLog10P,
  weightedBitsLog10P,
  weightedExponentialsLog10P,
  type WeightedBits,
} from "./weighted-sum.js";
