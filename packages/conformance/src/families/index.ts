import type { VectorFamily } from "../section.js";
import { primitives } from "./primitives.js";

/** Every family of vector files. A new one is its file and a line here. */
export const families: readonly VectorFamily[] = [primitives];
