export { binomialLog10P } from "./binomial.js";
export { clopperPearson, type Interval } from "./clopper-pearson.js";
export { gammaLog10Q } from "./gamma.js";
export { holm } from "./holm.js";
export { ksUniform, type KolmogorovSmirnov } from "./kolmogorov-smirnov.js";
export { normalLog10Q, normalQuantile } from "./normal.js";
export { rejects, requiredTokens, smallestRejecting, type TestPlan } from "./power.js";
export { scoreLog10P } from "./score-sum.js";
