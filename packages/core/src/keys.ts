import { expand, extract } from "@noble/hashes/hkdf.js";
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

/** Longest key of another project's mark, in characters. */
const MAX_PEER_KEY = 4096;

/**
 * A secret: 256 bits of our own, or the key of another project's mark in that project's notation. It leaves only
 * through `subkey` and `reveal`; strings, JSON and inspection show `[key]` and the public `id`. Derivation is
 * HKDF-SHA-256 (RFC 5869).
 */
export class Key {
  readonly #bytes: Uint8Array;
  /** The notation of a peer's key; null for our own 256 bits. */
  readonly #peer: string | null;
  /** HKDF's extracted key: the same for every purpose. */
  readonly #extracted: Uint8Array;
  /**
   * Public identifier: 16 hex digits derived from the key, safe to print. Of a peer's key with few values (Hugging
   * Face's has 2^32 effective ones) whoever sees the id can find the key by trying all.
   */
  readonly id: string;

  private constructor(bytes: Uint8Array, peer: string | null = null) {
    this.#bytes = bytes;
    this.#peer = peer;
    this.#extracted = extract(sha256, bytes, SALT);
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

  /**
   * A peer's key as its own configuration writes it: `15485863`, `0x1f`, `[654, 400, 836]`. What a mark accepts is
   * checked when it is bound. @throws VerdigrisError KEY_INVALID if empty or above 4,096 characters
   */
  static fromPeer(text: string): Key {
    const peer = text.trim();
    if (peer.length === 0 || peer.length > MAX_PEER_KEY) {
      throw new VerdigrisError(
        "KEY_INVALID",
        `key: expected 1 to ${MAX_PEER_KEY} characters, got ${peer.length}`,
      );
    }
    return new Key(utf8ToBytes(`peer ${peer}`), peer);
  }

  /** Whether the key is in another project's notation. */
  get isPeer(): boolean {
    return this.#peer !== null;
  }

  /** The key of one provider, group, tenant and epoch under this master key. */
  derive(path: KeyPath): Key {
    const fields = [path.provider, path.group ?? "", path.tenant ?? "", path.epoch ?? ""];
    return new Key(this.subkey(`path ${JSON.stringify(fields)}`, 32));
  }

  /** HKDF-SHA-256 output for one purpose; distinct purposes give independent bytes. */
  subkey(purpose: string, length: number): Uint8Array {
    return expand(sha256, this.#extracted, utf8ToBytes(purpose), length);
  }

  /** The secret in its text form, for writing a key file. Never log it. */
  reveal(): string {
    return this.#peer ?? bytesToHex(this.#bytes);
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

/** @throws VerdigrisError KEY_INVALID for another project's key: our own schemes need all 256 bits */
export function requireOwnKey(key: Key): void {
  if (key.isPeer) {
    throw new VerdigrisError(
      "KEY_INVALID",
      "key: expected 64 hex digits (32 bytes), got a key in another project's notation",
    );
  }
}
