import { createHash } from "node:crypto";
import type { Text } from "../corpus.js";
import type { Codec } from "../store.js";

/** Bytes of the SHA-256 that an entry starts with. */
const DIGEST = 32;

/**
 * Texts as bytes: SHA-256 of the name and the rest; length of a JSON header; the header; then, of each text, token ids, and ids and
 * probabilities of its targets if it has some.
 */
export const textCodec: Codec<readonly Text[]> = {
  extension: "texts",
  encode(texts, name): Uint8Array {
    const header = Buffer.from(
      JSON.stringify(
        texts.map(({ prompt, tokens, part = null, targets }): Header => [
          prompt,
          tokens.length,
          part,
          targets?.k ?? 0,
        ]),
      ),
    );
    const size = Buffer.alloc(4);
    size.writeUInt32LE(header.length);
    const words = texts.flatMap(({ tokens, targets }) =>
      targets === undefined ? [tokens] : [tokens, targets.ids, targets.p],
    );
    const body = Buffer.concat([size, header, ...words.map(bytesOf)]);
    return Buffer.concat([digest(name, body), body]);
  },
  decode(bytes, name): readonly Text[] | null {
    const body = bytes.subarray(DIGEST);
    if (!digest(name, body).equals(bytes.subarray(0, DIGEST))) return null;
    const end = 4 + body.readUInt32LE(0);
    const header = JSON.parse(body.toString("utf8", 4, end)) as readonly Header[];
    // A copy, so that the words are aligned.
    const { buffer } = Uint8Array.from(body.subarray(end));
    let at = 0;
    const words = (n: number): Uint32Array => {
      const own = new Uint32Array(buffer, 4 * at, n);
      at += n;
      return own;
    };
    return header.map(([prompt, length, part, k]) => {
      const tokens = words(length);
      const text = { prompt, tokens, ...(part !== null && { part }) };
      if (k === 0) return text;
      const ids = words(length * k);
      const p = words(length * k);
      const targets = { of: tokens, k, ids, p: new Float32Array(p.buffer, p.byteOffset, p.length) };
      return { ...text, targets };
    });
  },
};

type Header = readonly [prompt: string, length: number, part: number | null, k: number];

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array | Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function digest(name: string, bytes: Uint8Array): Buffer {
  return createHash("sha256").update(name).update(bytes).digest();
}
