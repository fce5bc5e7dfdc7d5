/** A master key at rest: encrypted under a passphrase. */
import { scryptAsync } from "@noble/hashes/scrypt.js";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { Key, VerdigrisError, parseWith } from "@verdigris/core";
import * as z from "zod";

const hex = (bytes: number): z.ZodString =>
  z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));

/** A sealed key as it is written: scrypt (Percival 2009, RFC 7914) and AES-256-GCM. */
const sealedSchema = z.strictObject({
  kind: z.literal("verdigris-sealed-key"),
  version: z.literal(1),
  /** Public id of the key. */
  keyId: hex(8),
  scrypt: z.strictObject({
    N: z
      .int()
      .min(2)
      .max(2 ** 20),
    r: z.int().min(1).max(32),
    p: z.int().min(1).max(16),
    salt: hex(16),
  }),
  nonce: hex(12),
  /** 32 bytes and the tag of 16. */
  ciphertext: hex(48),
});

export type SealedKey = z.infer<typeof sealedSchema>;

/** What scrypt costs: 128 r N bytes of memory. */
interface Cost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** 128 MiB. */
const COST: Cost = { N: 2 ** 17, r: 8, p: 1 };

interface Sealing {
  readonly passphrase: string;
  readonly salt: Uint8Array;
  readonly cost: Cost;
}

/** Encrypts a key. `random` fills bytes; `cost` is scrypt's. @throws RangeError for a passphrase under 12 characters */
export async function sealKey(
  key: Key,
  passphrase: string,
  {
    random,
    cost = COST,
  }: { readonly random: (length: number) => Uint8Array; readonly cost?: Cost },
): Promise<SealedKey> {
  if (passphrase.length < 12) {
    throw new RangeError(`passphrase: expected 12 characters or more, got ${passphrase.length}`);
  }
  const [salt, nonce] = [random(16), random(12)];
  const secret = await cipher({ passphrase, salt, cost });
  const algorithm = { name: "AES-GCM", iv: Uint8Array.from(nonce), additionalData: label(key.id) };
  const plain = hexToBytes(key.reveal());
  const ciphertext = new Uint8Array(
    await crypto.subtle.encrypt(algorithm, secret, Uint8Array.from(plain)),
  );
  return {
    kind: "verdigris-sealed-key",
    version: 1,
    keyId: key.id,
    scrypt: { ...cost, salt: bytesToHex(salt) },
    nonce: bytesToHex(nonce),
    ciphertext: bytesToHex(ciphertext),
  };
}

/** Decrypts a key. @throws VerdigrisError FILE_INVALID for what is no sealed key, KEY_INVALID for another passphrase or a changed file */
export async function openSealedKey(value: unknown, passphrase: string): Promise<Key> {
  const sealed = parseWith(sealedSchema, value, { name: "sealed key", code: "FILE_INVALID" });
  const { salt, ...cost } = sealed.scrypt;
  const secret = await cipher({ passphrase, salt: hexToBytes(salt), cost });
  const iv = Uint8Array.from(hexToBytes(sealed.nonce));
  const algorithm = { name: "AES-GCM", iv, additionalData: label(sealed.keyId) };
  try {
    const ciphertext = Uint8Array.from(hexToBytes(sealed.ciphertext));
    return Key.fromBytes(
      new Uint8Array(await crypto.subtle.decrypt(algorithm, secret, ciphertext)),
    );
  } catch (cause) {
    throw new VerdigrisError(
      "KEY_INVALID",
      "sealed key: expected its own passphrase, got another one",
      { cause },
    );
  }
}

/** Whether a text is a sealed key's rather than a plain one's. */
export function isSealed(text: string): boolean {
  return text.trimStart().startsWith("{");
}

type Cipher = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

async function cipher({ passphrase, salt, cost }: Sealing): Promise<Cipher> {
  const bytes = await scryptAsync(passphrase, salt, { ...cost, dkLen: 32 });
  return crypto.subtle.importKey("raw", Uint8Array.from(bytes), "AES-GCM", false, [
    "encrypt",
    "decrypt",
  ]);
}

function label(keyId: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new TextEncoder().encode(keyId));
}
