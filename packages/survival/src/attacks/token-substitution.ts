import { below } from "../random.js";
import type { TokenAttack } from "./attack.js";

/** Random tokens in place of tokens: a window of h + 1 tokens survives with probability (1 − strength)^(h + 1). */
export const tokenSubstitution: TokenAttack = {
  name: "token substitution",
  apply: (tokens, { strength, random, V, first }) =>
    tokens.map((token) => (random.next() < strength ? first + below(random, V - first) : token)),
};
