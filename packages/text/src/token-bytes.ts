/** The bytes a token stands for. */
import { isByteLevel, type TokenizerJson } from "./tokenizer-json.js";

/** GPT-2's alphabet (Radford et al. 2019): printable Latin-1 as is, every other byte from U+0100 on. */
function byteAlphabet(): ReadonlyMap<string, number> {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte !== 0xad);
  const alphabet = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    alphabet.set(String.fromCharCode(printable(byte) ? byte : next++), byte);
  }
  return alphabet;
}

function byteLevelReader(): (content: string) => Uint8Array {
  const alphabet = byteAlphabet();
  return (content) =>
    Uint8Array.from(content, (character) => {
      const byte = alphabet.get(character);
      if (byte === undefined) {
        throw new RangeError(`token "${content}" must be spelled in the byte alphabet`);
      }
      return byte;
    });
}

/** SentencePiece writes a space as "▁" and a lone byte as "<0x0A>"; WordPiece marks a continuation. */
function textReader(json: TokenizerJson): (content: string) => Uint8Array {
  const encoder = new TextEncoder();
  const prefix = json.model["continuing_subword_prefix"];
  const spaceMark = JSON.stringify([json.decoder, json.normalizer, json.pre_tokenizer]).includes(
    "▁",
  )
    ? "▁"
    : undefined;
  return (content) => {
    const byte = /^<0x([0-9A-F]{2})>$/.exec(content);
    if (byte !== null && json.model["byte_fallback"] === true) {
      return Uint8Array.of(Number.parseInt(byte[1], 16));
    }
    if (typeof prefix === "string" && prefix !== "" && content.startsWith(prefix)) {
      return encoder.encode(content.slice(prefix.length));
    }
    return encoder.encode(spaceMark === undefined ? content : content.replaceAll(spaceMark, " "));
  };
}

/** How to read a vocabulary entry of `json` as bytes. Added tokens are plain text and not meant. */
export function tokenByteReader(json: TokenizerJson): (content: string) => Uint8Array {
  return isByteLevel(json) ? byteLevelReader() : textReader(json);
}
