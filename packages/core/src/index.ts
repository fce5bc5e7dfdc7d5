export type { BlockCode } from "./block-codes.js";
export { largestFirst } from "./candidates.js";
export { type ScoredCoins, coinsOf, seedArrays } from "./coins.js";
export { entropyOf } from "./entropy.js";
export { VerdigrisError, type VerdigrisErrorCode } from "./errors.js";
export { Key, type KeyPath, keyWords } from "./keys.js";
export { moments, sumMoments } from "./law.js";
export { type Kernel, createKernel } from "./prf/index.js";
export { type Profile, parseWith } from "./profile.js";
export {
  type KeyForm,
  hexPairKey,
  hexWordKey,
  integerKey,
  integerListKey,
  peerKey,
  textOrHexKey,
} from "./key-forms.js";
export {
  bindScheme,
  keyFromText,
  parseProfile,
  profileJsonSchema,
  schemeBinder,
  schemes,
} from "./schemes/registry.js";
export { joined } from "./tokens.js";
export { createSeeder, type Seeder, type Seeding } from "./contexts.js";
export type {
  Candidates,
  Coins,
  FixedList,
  LanguageModel,
  ModelSequence,
  ModelWeighting,
  NullLaw,
  PayloadReader,
  PayloadReadings,
  Random,
  Scheme,
  SeedArrays,
  Stage,
  Tokens,
  Weakness,
} from "./types.js";
