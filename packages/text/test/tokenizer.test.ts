import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";

import { Tokenizer as Library } from "@huggingface/tokenizers";
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";

import { type Tokenizer, type TokenizerJson, loadTokenizer, readTokenizer } from "@verdigris/text";

const fixtures = new URL("../../../fixtures/", import.meta.url);
const path = fileURLToPath(new URL("models/smollm2/tokenizer.json", fixtures));
const fixture = (name: string): Uint8Array => readFileSync(new URL(name, fixtures));

/** Text of characters that tokenizers treat differently, typed by hand or pasted. */
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        ..."aZ éж日9½٣ '’.,!\n\t\r\u00a0\u0085\ufeff\u200d😀",
        "'s",
        " x",
        "<|im_end|>",
      ),
      {
        maxLength: 80,
      },
    )
    .map((pieces) => pieces.join("")),
);

let tokenizer: Tokenizer;
let json: TokenizerJson;

beforeAll(async () => {
  tokenizer = await readTokenizer(path);
  json = JSON.parse(readFileSync(path, "utf8")) as TokenizerJson;
});

describe("SmolLM2's tokenizer", () => {
  test("says which file it is", () => {
    expect(tokenizer.identity).toEqual({
      id: "smollm2",
      sha256: "e707dd900c8d2317ea9dd1e437280a145208779bfe031892f253a58c503e51e4",
    });
    expect(tokenizer.vocabularySize).toBe(49152);
    expect([...tokenizer.specialTokens]).toEqual(Array.from({ length: 17 }, (_, id) => id));
  });

  const vectors = JSON.parse(
    Buffer.from(fixture("vectors/tokenizer-smollm2.json")).toString("utf8"),
  ) as { readonly cases: readonly { readonly text: string; readonly ids: readonly number[] }[] };
  test.each(vectors.cases)("encodes like llama.cpp: $text", ({ text, ids }) => {
    expect([...tokenizer.encode(text)]).toEqual(ids);
  });

  test("takes a control token somebody typed for text", () => {
    const text = "<|im_end|>\n<|im_start|>assistant <|endoftext|>";
    const ids = tokenizer.encode(text);
    expect([...ids].filter((id) => tokenizer.specialTokens.has(id))).toEqual([]);
    expect(tokenizer.decode(ids)).toBe(text);
  });

  test("spells special tokens out when decoding", () => {
    expect(tokenizer.decode(Uint32Array.of(2, 57))).toBe("<|im_end|>I");
    expect(tokenizer.decode(new Uint32Array())).toBe("");
  });

  test("gives the bytes of a token that is half a character", () => {
    const ids = tokenizer.encode("𝒳");
    const bytes = [...ids].flatMap((id) => [...tokenizer.bytes(id)]);
    expect(ids.length).toBeGreaterThan(1);
    expect(bytes).toEqual([...new TextEncoder().encode("𝒳")]);
  });

  test.each([-1, 49152, 0.5, Number.NaN])("has no token %s", (id) => {
    expect(() => tokenizer.bytes(id)).toThrow(RangeError);
  });

  test("decodes what it encoded, except for the 21 bytes it has no token for", () => {
    const missing = /[\x04\x06\x13\x14\x16\x1d\u{40000}-\u{bffff}]/gu;
    fc.assert(
      fc.property(anyText, (raw) => {
        const text = raw.replace(missing, "").toWellFormed();
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test("finds the same tokens word by word as the library does at once", () => {
    const library = new Library({ ...json, added_tokens: [] }, {});
    const sotu = brotliDecompressSync(fixture("corpora/human/sotu.txt.br")).toString("utf8");
    const address = sotu.slice(0, 20_000);
    const { ids } = library.encode(address, { add_special_tokens: false });
    expect([...tokenizer.encode(address)]).toEqual(ids);
  });
});

/** A vocabulary of letters, small enough to read. */
function tiny(model: object, rest: object = {}): TokenizerJson {
  return { model: { unk_token: "<unk>", ...model } as unknown as TokenizerJson["model"], ...rest };
}

const letters = Object.fromEntries([..."abcdefghijklmnopqrstuvwxyz▁<>/"].map((c, i) => [c, i + 3]));
const specials = ["<unk>", "<s>", "</s>"].map((content, id) => ({ id, content, special: true }));
const specialIds = { "<unk>": 0, "<s>": 1, "</s>": 2 };

describe("other kinds of vocabulary", () => {
  test("SentencePiece BPE without a pre-tokenizer keeps merges across words", () => {
    const tokenizer = loadTokenizer(
      tiny(
        {
          type: "BPE",
          vocab: { ...specialIds, ...letters, "t▁": 50, "t▁i": 51 },
          merges: ["t ▁", "t▁ i"],
        },
        {
          added_tokens: specials,
          normalizer: { type: "Replace", pattern: { String: " " }, content: "▁" },
          decoder: { type: "Replace", pattern: { String: "▁" }, content: " " },
        },
      ),
    );
    const ids = tokenizer.encode("at it");
    expect([...ids].map((id) => new TextDecoder().decode(tokenizer.bytes(id)))).toEqual([
      "a",
      "t i",
      "t",
    ]);
    expect(tokenizer.decode(ids)).toBe("at it");
  });

  test("SentencePiece Unigram does not read a typed <s> as its control token", () => {
    const vocab = Object.entries({ ...specialIds, ...letters }).map(([text]) => [text, -1]);
    const tokenizer = loadTokenizer(
      tiny({ type: "Unigram", unk_id: 0, vocab }, { added_tokens: specials }),
    );
    expect([...tokenizer.encode("<s>a")]).toEqual([
      letters["<"],
      letters["s"],
      letters[">"],
      letters["a"],
    ]);
    expect(tokenizer.decode(Uint32Array.of(1))).toBe("<s>");
  });

  test("a vocabulary looked up whole does not contain its control tokens", () => {
    const model = { type: "BPE", ignore_merges: true, merges: ["a b"] };
    const tokenizer = loadTokenizer(
      tiny({ ...model, vocab: { ...specialIds, ...letters, ab: 60 } }, { added_tokens: specials }),
    );
    expect([...tokenizer.encode("ab")]).toEqual([60]);
    expect([...tokenizer.encode("</s>")]).toEqual([..."</s>"].map((c) => letters[c]));
  });

  test("plain added tokens still count, also when they reach over a space", () => {
    const added = [{ id: 70, content: "new york", special: false }];
    const tokenizer = loadTokenizer(
      tiny(
        { type: "BPE", vocab: letters, merges: [], unk_token: null },
        { added_tokens: added, pre_tokenizer: { type: "WhitespaceSplit" } },
      ),
    );
    expect([...tokenizer.encode("a new york")]).toEqual([letters["a"], 70]);
  });

  test("an identity can be computed without a file", () => {
    const json = tiny({ type: "BPE", vocab: letters, merges: [] });
    expect(loadTokenizer(json).identity).toEqual(loadTokenizer(structuredClone(json)).identity);
    expect(loadTokenizer(json).identity.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([null, 7, [], {}, { model: {} }])("%j is not a tokenizer", (json) => {
    expect(() => loadTokenizer(json as unknown as TokenizerJson)).toThrow(TypeError);
  });
});
