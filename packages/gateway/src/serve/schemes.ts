import { type Kernel, type Scheme, bindScheme, createKernel } from "@verdigris/core";
import QuickLRU from "quick-lru";
import type { Tenant } from "./tenants.js";

/** Schemes bound to tenants' keys, each made once while it is in use. */
export class Schemes {
  readonly #kernel: Kernel = createKernel();
  /** Some of the last used, up to a thousand; binding again costs time only. */
  readonly #bound = new QuickLRU<string, Scheme>({ maxSize: 500 });

  of({ profile, digest, key }: Tenant): Scheme {
    const name = `${digest} ${key.id}`;
    const scheme = this.#bound.get(name) ?? bindScheme(profile, key, this.#kernel);
    this.#bound.set(name, scheme);
    return scheme;
  }
}
