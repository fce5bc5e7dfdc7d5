export {
  type Epoch,
  type EpochState,
  type Scope,
  parseScope,
  scopeText,
  stateOf,
} from "./epoch.js";
export {
  type Level,
  type RegisteredTenant,
  Registry,
  type RegistryOptions,
  type Snapshot,
  scopeOf,
} from "./registry.js";
export { type SealedKey, isSealed, openSealedKey, sealKey } from "./sealed.js";
export { RegistryView, type RegistryViewOptions } from "./view.js";
