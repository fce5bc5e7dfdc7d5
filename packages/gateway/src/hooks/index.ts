export type { CheckedAnswer, LitellmAnswer, LitellmOptions } from "./litellm.js";
export {
  type PortkeyHandler,
  type PortkeyOptions,
  type PortkeyResult,
  portkeyPlugin,
} from "./portkey.js";
export { type SidecarOptions, createSidecar } from "./sidecar.js";
