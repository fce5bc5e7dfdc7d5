import { type Kernel, type Scheme, bindScheme, createKernel } from "@verdigris/core";
import type { Tenant } from "./tenants.js";

/** Bound schemes kept at most; binding again costs time only. */
const MOST = 1000;

/** Schemes bound to tenants' keys, each made once while it is in use. */
export class Schemes {
  readonly #kernel: Kernel = createKernel();
  readonly #bound = new Map<string, Scheme>();

  of({ profile, digest, key }: Tenant): Scheme {
    const name = `${digest} ${key.id}`;
    const scheme = this.#bound.get(name) ?? bindScheme(profile, key, this.#kernel);
    // The last used come last, so that the first is the one to forget.
    this.#bound.delete(name);
    this.#bound.set(name, scheme);
    const [oldest] = this.#bound.keys();
    if (this.#bound.size > MOST) this.#bound.delete(oldest);
    return scheme;
  }
}
