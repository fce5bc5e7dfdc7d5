/** Who may ask, and how often: scores tell an attacker how well scrubbing went. */
import { sha256 } from "@noble/hashes/sha2.js";
import { hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

/** Who may ask. */
export interface ApiClient {
  /** For the operator; never shown to a client. */
  readonly name: string;
  /** SHA-256 of the API key, 64 hex digits: the key itself need not lie around. */
  readonly apiKeySha256: string;
}

/** How often one client may ask. */
export interface RateLimit {
  /** Requests at once after a pause. */
  readonly burst: number;
  readonly perMinute: number;
}

/** Finds the client of an `Authorization: Bearer` header. */
export class Clients {
  readonly #clients: readonly { readonly name: string; readonly digest: Uint8Array }[];

  /** @throws RangeError for a digest that is none */
  constructor(clients: readonly ApiClient[]) {
    this.#clients = clients.map(({ name, apiKeySha256 }) => {
      if (!/^[0-9a-f]{64}$/i.test(apiKeySha256)) {
        throw new RangeError(`clients: expected 64 hex digits as apiKeySha256 of ${name}`);
      }
      return { name, digest: hexToBytes(apiKeySha256.toLowerCase()) };
    });
  }

  /** The client's name, or null. Takes the same time whichever client it is, and however much of a key is right. */
  find(authorization: string | null): string | null {
    const key = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization ?? "")?.[1] ?? "";
    const digest = sha256(utf8ToBytes(key));
    let found: string | null = null;
    for (const client of this.#clients) if (isEqual(client.digest, digest)) found = client.name;
    return key === "" ? null : found;
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

/** A bucket for each client: `burst` requests, refilled at `perMinute`. */
export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #now: () => number;
  readonly #buckets = new Map<string, { left: number; at: number }>();

  /** `now`: milliseconds. @throws RangeError for a limit that lets nobody through */
  constructor(limit: RateLimit, now: () => number) {
    if (!(limit.burst >= 1 && limit.perMinute > 0)) {
      throw new RangeError(
        `rateLimit: expected burst ≥ 1 and perMinute > 0, got ${limit.burst} and ${limit.perMinute}`,
      );
    }
    this.#limit = limit;
    this.#now = now;
  }

  /** Takes one request: 0 if it may go on, else the seconds to wait, rounded up. */
  take(client: string): number {
    const { burst, perMinute } = this.#limit;
    const now = this.#now();
    const bucket = this.#buckets.get(client) ?? { left: burst, at: now };
    // A clock that was set back refills nothing.
    const refill = (Math.max(0, now - bucket.at) * perMinute) / 60_000;
    const left = Math.min(burst, bucket.left + refill);
    this.#buckets.set(client, { left: left >= 1 ? left - 1 : left, at: now });
    return left >= 1 ? 0 : Math.ceil(((1 - left) * 60) / perMinute);
  }
}
