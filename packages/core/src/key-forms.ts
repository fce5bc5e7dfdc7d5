import { hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { VerdigrisError } from "./errors.js";
import type { Key } from "./keys.js";
import { type Word64, word64 } from "./primitives/int64.js";

/** How another project writes its keys, and how one of ours becomes such a key. */
export interface KeyForm<K> {
  /** The accepted notation, for errors. */
  readonly expected: string;
  /** Reads the notation; null if it is not of this form. */
  parse(text: string): K | null;
  /** A uniformly drawn key of this form from `bytes` secret bytes. */
  readonly bytes: number;
  derive(secret: Uint8Array): K;
}

/**
 * The key of a peer's mark: parsed if it came in the peer's notation, else derived from our 256 bits (so that one
 * master key and decoy keys serve every scheme). @throws VerdigrisError KEY_INVALID, without the key
 */
export function peerKey<K>(form: KeyForm<K>, key: Key): K {
  if (!key.isPeer) return form.derive(key.subkey("peer key", form.bytes));
  const parsed = form.parse(key.reveal());
  if (parsed === null) {
    throw new VerdigrisError("KEY_INVALID", `key: expected ${form.expected}, got something else`);
  }
  return parsed;
}

/** A whole number, decimal or 0x hexadecimal, in min … max. Derived keys are uniform there. */
export function integerKey(range: { readonly min: bigint; readonly max: bigint }): KeyForm<bigint> {
  const { min, max } = range;
  return {
    expected: `a whole number from ${min} to ${max}`,
    parse(text) {
      const value = parseInteger(text);
      return value !== null && value >= min && value <= max ? value : null;
    },
    bytes: 32,
    // 256 bits modulo the size of the range: further from uniform by at most 2^-192.
    derive: (secret) => min + (bigEndian(secret) % (max - min + 1n)),
  };
}

/** A list of whole numbers in min … max, separated by commas or blanks, in brackets or not. */
export function integerListKey(range: {
  readonly min: bigint;
  readonly max: bigint;
  readonly length: number;
}): KeyForm<readonly bigint[]> {
  const { min, max, length } = range;
  return {
    expected: `${length} whole numbers from ${min} to ${max}`,
    parse(text) {
      const parts = text.replace(/^\[([^\]]*)\]$/, "$1").trim();
      const values = parts.split(/\s*,\s*|\s+/).map(parseInteger);
      const valid = values.every((value) => value !== null && value >= min && value <= max);
      return valid && values.length === length ? (values as bigint[]) : null;
    },
    bytes: 16 * length,
    derive(secret) {
      return Array.from({ length }, (_, i) => {
        const part = bigEndian(secret.subarray(16 * i, 16 * i + 16));
        return min + (part % (max - min + 1n));
      });
    },
  };
}

/** A 64-bit word of 1 to 16 hex digits, `0x` or not. */
export const hexWordKey: KeyForm<Word64> = {
  expected: "1 to 16 hex digits",
  parse: parseHexWord,
  bytes: 8,
  derive: (secret) => word64(bigEndian(secret)),
};

/** Two such words, separated by a comma. */
export const hexPairKey: KeyForm<readonly Word64[]> = {
  expected: "two keys of 1 to 16 hex digits, separated by a comma",
  parse(text) {
    const words = text.split(/\s*,\s*/).map(parseHexWord);
    return words.length === 2 && words.every((word) => word !== null) ? words : null;
  },
  bytes: 16,
  derive: (secret) =>
    [secret.subarray(0, 8), secret.subarray(8)].map((part) => word64(bigEndian(part))),
};

function parseHexWord(text: string): Word64 | null {
  const digits = /^(?:0x)?([0-9a-f]{1,16})$/i.exec(text)?.[1];
  return digits === undefined ? null : word64(BigInt(`0x${digits}`));
}

/** Bytes of any number, `hex:` and hexadecimal; or any other text, as its UTF-8 bytes. */
export const textOrHexKey: KeyForm<Uint8Array> = {
  expected: "text, or hex: and an even number of hex digits",
  parse(text) {
    if (!text.startsWith("hex:")) return utf8ToBytes(text);
    return /^hex:(?:[0-9a-f]{2})+$/i.test(text) ? hexToBytes(text.slice(4).toLowerCase()) : null;
  },
  bytes: 32,
  derive: (secret) => secret,
};

function parseInteger(text: string): bigint | null {
  return /^-?(?:\d+|0x[0-9a-f]+)$/i.test(text.trim())
    ? text.trim().startsWith("-")
      ? -BigInt(text.trim().slice(1))
      : BigInt(text.trim())
    : null;
}

function bigEndian(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
