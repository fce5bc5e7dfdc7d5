import { createHash } from "node:crypto";
import type { Text } from "../corpus.js";
import type { Codec } from "../store.js";

/** Bytes of the SHA-256 that an entry starts with. */
const DIGEST = 32;

/** Texts as bytes: SHA-256 of the rest; length of a JSON header; the header (prompt, length and part of each); token ids. */
export const textCodec: Codec<readonly Text[]> = {
  extension: "texts",
  encode(texts): Uint8Array {
    const header = Buffer.from(
      JSON.stringify(texts.map(({ prompt, tokens, part }) => [prompt, tokens.length, part])),
    );
    const size = Buffer.alloc(4);
    size.writeUInt32LE(header.length);
    const bodies = texts.map(({ tokens }) =>
      Buffer.from(tokens.buffer, tokens.byteOffset, tokens.byteLength),
    );
    const body = Buffer.concat([size, header, ...bodies]);
    return Buffer.concat([digest(body), body]);
  },
  decode(bytes): readonly Text[] | null {
    const body = bytes.subarray(DIGEST);
    if (!digest(body).equals(bytes.subarray(0, DIGEST))) return null;
    const end = 4 + body.readUInt32LE(0);
    const header = JSON.parse(body.toString("utf8", 4, end)) as readonly Header[];
    // A copy, so that the ids are aligned.
    const ids = new Uint32Array(Uint8Array.from(body.subarray(end)).buffer);
    let at = 0;
    return header.map(([prompt, length, part]) => {
      const tokens = ids.subarray(at, (at += length));
      return part === undefined || part === null ? { prompt, tokens } : { prompt, tokens, part };
    });
  },
};

type Header = readonly [prompt: string, length: number, part?: number | null];

function digest(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
