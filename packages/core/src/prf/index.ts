import type { Kernel } from "./kernel.js";
import { createPlainKernel } from "./plain.js";
import { createWasmKernel } from "./wasm.js";

export type { Kernel } from "./kernel.js";

/**
 * A kernel of the `chacha8-v1` contract: SIMD WebAssembly where the runtime has it, else plain JavaScript.
 * One kernel serves any number of schemes on one thread; it keeps 20 MiB of memory, and lists of up to 16 MiB.
 */
export function createKernel(path?: Kernel["path"]): Kernel {
  if (path === "plain") return createPlainKernel();
  if (path === "wasm") return createWasmKernel();
  try {
    return createWasmKernel();
  } catch {
    return createPlainKernel();
  }
}
