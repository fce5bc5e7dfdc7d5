export { type EmbedOptions, type EmbeddedToken, embed, generate } from "./embedder.js";
export {
  type Sampler,
  type Sampling,
  type Step,
  PLAIN_SAMPLING,
  createSampler,
} from "./sampler.js";
