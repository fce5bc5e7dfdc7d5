import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { VerdigrisError } from "./errors.js";

const SALT = utf8ToBytes("verdigris/v1");
const REDACTED = "[key]";

/** Who a key belongs to. Every field enters the derivation; an absent one is the empty string. */
export interface KeyPath {
  readonly provider: string;
  readonly group?: string;
  readonly tenant?: string;
  readonly epoch?: string;
}

/**
 * A 256-bit secret. The bytes leave only through `subkey`; strings, JSON and inspection show `[key]` and the
 * public `id`. Derivation is HKDF-SHA-256 (RFC 5869).
 */
export class Key {
  readonly #bytes: Uint8Array;
  /** Public identifier: 16 hex digits derived from the key, safe to print. */
  readonly id: string;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.id = bytesToHex(this.subkey("key id", 8));
  }

  /** @throws RangeError unless there are exactly 32 bytes. */
  static fromBytes(bytes: Uint8Array): Key {
    if (bytes.length !== 32) {
      throw new RangeError(`key: expected 32 bytes, got ${bytes.length}`);
    }
    return new Key(Uint8Array.from(bytes));
  }

  /** Reads the text form: 64 hex digits, surrounding white space ignored. @throws VerdigrisError KEY_INVALID */
  static fromText(text: string): Key {
    const hex = text.trim();
    if (!/^[0-9a-fA-F]{64}$/.test(hex)) {
      const what = /^[0-9a-fA-F]*$/.test(hex)
        ? `${hex.length} hex digits`
        : `${hex.length} characters that are not all hex digits`;
      throw new VerdigrisError(
        "KEY_INVALID",
        `key: expected 64 hex digits (32 bytes), got ${what}`,
      );
    }
    return new Key(hexToBytes(hex.toLowerCase()));
  }

  /** The key of one provider, group, tenant and epoch under this master key. */
  derive(path: KeyPath): Key {
    const fields = [path.provider, path.group ?? "", path.tenant ?? "", path.epoch ?? ""];
    return new Key(this.subkey(`path ${JSON.stringify(fields)}`, 32));
  }

  /** HKDF-SHA-256 output for one purpose; distinct purposes give independent bytes. */
  subkey(purpose: string, length: number): Uint8Array {
    return hkdf(sha256, this.#bytes, SALT, utf8ToBytes(purpose), length);
  }

  /** The secret in its text form, for writing a key file. Never log it. */
  reveal(): string {
    return bytesToHex(this.#bytes);
  }

  toString(): string {
    return `${REDACTED} ${this.id}`;
  }

  toJSON(): string {
    return this.toString();
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** Little-endian words of key bytes, as the kernels take them. (4n bytes) → (n) */
export function keyWords(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length >>> 2 }, (_, i) => view.getUint32(4 * i, true));
}
