import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AnswerObserver, type AnswerPart, type Tap, jsonTap, sseTap } from "../src/index.js";
import { Transcript } from "../src/stream/transcript.js";
import { chunk, completion, events, usage } from "./upstream.js";

const encoder = new TextEncoder();
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);

/** Everything the engines are known to send, and what they should not. */
const AWKWARD = Buffer.concat([
  bytesOf(": ping\n\n"),
  bytesOf(
    events([chunk("Grün"), chunk("span: ", { index: 1 }), chunk("🌿🌿", { ids: [5, 6] })], "\r\n"),
  ),
  bytesOf("event: other\rid: 7\rretry: 10\rdata: {}\r\r"),
  bytesOf('data: {"choices":\ndata: [{"index":0,"delta":{"content":" two lines"}}]}\n\n'),
  bytesOf("data: {broken\n\n"),
  Buffer.from([...bytesOf('data: {"choices":[{"delta":{"content":"'), 0xff, 0xe2, 0x82, 0x22]),
  bytesOf("}}]}\n\n"),
  bytesOf(events([chunk("", { finish: "stop" }), usage(9)])),
  bytesOf(": last words\n\ndata: [DONE]\n\n"),
]);

interface Seen {
  readonly parts: AnswerPart[];
  readonly unread: string[];
  readonly ends: string[];
}

function watch(): Seen & { readonly observer: AnswerObserver } {
  const seen: Seen = { parts: [], unread: [], ends: [] };
  const observer = {
    part: (part: AnswerPart) => void seen.parts.push(part),
    unread: (why: string) => void seen.unread.push(why),
    end: (how: string) => void seen.ends.push(how),
  };
  return { ...seen, observer };
}

/** What comes out of a tap that gets these chunks. */
async function through(tap: Tap, chunks: readonly Uint8Array[]): Promise<Uint8Array> {
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of chunks) controller.enqueue(piece);
      controller.close();
    },
  });
  return new Uint8Array(
    await new Response(
      source.pipeThrough(tap) as ReadableStream<Uint8Array<ArrayBuffer>>,
    ).arrayBuffer(),
  );
}

function cut(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const edges = [0, ...places.toSorted((a, b) => a - b), bytes.length];
  return edges.slice(1).map((end, i) => bytes.subarray(edges[i], end));
}

describe("sseTap", () => {
  it("reads deltas, token ids and counts per choice", async () => {
    const { observer, ...seen } = watch();
    await through(sseTap(observer), [AWKWARD]);
    const deltas = seen.parts.flatMap((part) => part.deltas);
    const text = (choice: number): string =>
      deltas
        .filter((delta) => delta.choice === choice)
        .map((delta) => delta.text)
        .join("");
    expect(text(0)).toBe("Grün🌿🌿 two lines\uFFFD\uFFFD");
    expect(text(1)).toBe("span: ");
    expect(deltas.flatMap((delta) => delta.tokenIds ?? [])).toEqual([5, 6]);
    expect(deltas.map((delta) => delta.finishReason)).toContain("stop");
    expect(seen.parts.map((part) => part.completionTokens)).toContain(9);
    expect(seen.unread).toEqual(["json"]);
    expect(seen.ends).toEqual(["complete"]);
  });

  it("gives back its input and reads the same, cut in two at any byte", async () => {
    const whole = watch();
    await through(sseTap(whole.observer), [AWKWARD]);
    for (let at = 0; at <= AWKWARD.length; at++) {
      const { observer, parts, unread } = watch();
      const out = await through(sseTap(observer), cut(AWKWARD, [at]));
      expect(Buffer.compare(out, AWKWARD), `cut at ${at}`).toBe(0);
      expect({ parts, unread }, `cut at ${at}`).toEqual({
        parts: whole.parts,
        unread: whole.unread,
      });
    }
  });

  it("gives back any bytes in any chunks", async () => {
    const places = fc.array(fc.nat(4096), { maxLength: 12 });
    const noise = fc.uint8Array({ maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(noise, noise, places, async (before, after, at) => {
        const bytes = Buffer.concat([before, AWKWARD, after]);
        const out = await through(
          sseTap(watch().observer),
          cut(
            bytes,
            at.map((place) => place % bytes.length),
          ),
        );
        expect(Buffer.compare(out, bytes)).toBe(0);
      }),
      { numRuns: 100, seed: 7 },
    );
  });

  it("reads a last event without its blank line, as clients do", async () => {
    const { observer, parts } = watch();
    await through(sseTap(observer), [bytesOf(`data: ${JSON.stringify(chunk("end"))}`)]);
    expect(parts.flatMap((part) => part.deltas)).toMatchObject([{ text: "end" }]);
  });

  it("stops reading, not passing, at an event that is too long", async () => {
    const { observer, ...seen } = watch();
    const bytes = bytesOf(events([chunk("a"), chunk("x".repeat(2000)), chunk("b")]));
    const out = await through(sseTap(observer, { longest: 1000 }), cut(bytes, [300, 700, 1500]));
    expect(Buffer.compare(out, bytes)).toBe(0);
    expect(seen.parts).toHaveLength(1);
    expect(seen.unread).toEqual(["too-long"]);
    expect(seen.ends).toEqual(["complete"]);
  });

  it("passes everything though the observer throws", async () => {
    const told: string[] = [];
    const observer: AnswerObserver = {
      part() {
        throw new Error("no");
      },
      unread: (why) => void told.push(why),
      end() {
        throw new Error("no");
      },
    };
    const out = await through(sseTap(observer), [AWKWARD]);
    expect(Buffer.compare(out, AWKWARD)).toBe(0);
    expect(told).toEqual(["observer"]);
  });

  it("hands on the reader's going away, and the upstream's breaking off", async () => {
    const reasons: unknown[] = [];
    const left = watch();
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(bytesOf(events([chunk("more")]))),
      cancel: (reason) => void reasons.push(reason),
    });
    const reader = endless.pipeThrough(sseTap(left.observer)).getReader();
    await reader.read();
    await reader.cancel("enough");
    await expect.poll(() => reasons).toEqual(["enough"]);
    expect(left.ends).toEqual(["cut"]);

    const broken = watch();
    let pulls = 0;
    const breaking = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (pulls++ === 0) controller.enqueue(bytesOf(events([chunk("some")])));
        else controller.error(new Error("reset"));
      },
    });
    const text = new Response(
      breaking.pipeThrough(sseTap(broken.observer)) as ReadableStream<Uint8Array<ArrayBuffer>>,
    ).text();
    await expect(text).rejects.toThrow("reset");
    expect(broken.ends).toEqual(["cut"]);
  });

  it("reads TGI's events, whose last repeats the whole text", async () => {
    const { observer, parts } = watch();
    const token = (id: number, text: string, special = false) => ({
      index: 1,
      token: { id, text, special },
    });
    const last = {
      ...token(2, "</s>", true),
      generated_text: "ab",
      details: { finish_reason: "eos_token", generated_tokens: 3 },
    };
    await through(sseTap(observer), [bytesOf(events([token(8, "a"), token(9, "b"), last]))]);
    const deltas = parts.flatMap((part) => part.deltas);
    expect(deltas.map((delta) => delta.text).join("")).toBe("ab");
    expect(deltas.flatMap((delta) => delta.tokenIds ?? [])).toEqual([8, 9, 2]);
    expect(parts.at(-1)?.completionTokens).toBe(3);
  });
});

describe("jsonTap", () => {
  it("gives back its input, cut at any byte, and reads it", async () => {
    const bytes = bytesOf(JSON.stringify(completion("Grün 🌿", "b")));
    for (let at = 0; at <= bytes.length; at++) {
      const { observer, parts } = watch();
      const out = await through(jsonTap(observer), cut(bytes, [at]));
      expect(Buffer.compare(out, bytes)).toBe(0);
      expect(parts[0].deltas.map((delta) => delta.text)).toEqual(["Grün 🌿", "b"]);
    }
  });

  it("reads TGI's whole answer", async () => {
    const { observer, parts } = watch();
    const answer = [
      {
        generated_text: "ab",
        details: { tokens: [{ id: 8 }, { id: 9 }], finish_reason: "length" },
      },
    ];
    await through(jsonTap(observer), [bytesOf(JSON.stringify(answer))]);
    expect(parts[0].deltas).toEqual([
      { choice: 0, text: "ab", tokenIds: [8, 9], finishReason: "length" },
    ]);
  });

  it("passes what is no JSON, and what is too long", async () => {
    const broken = watch();
    const bytes = bytesOf('{"choices": [');
    expect(Buffer.compare(await through(jsonTap(broken.observer), [bytes]), bytes)).toBe(0);
    expect(broken.unread).toEqual(["json"]);
    const long = watch();
    await through(jsonTap(long.observer, { longest: 5 }), cut(bytes, [4]));
    expect(long.unread).toEqual(["too-long"]);
  });
});

describe("Transcript", () => {
  it("has the digest of the text, however the deltas cut it", () => {
    fc.assert(
      fc.property(
        fc
          .array(fc.constantFrom("a", "ü", "水", "🌿", "\ud83c", "\udf3f"))
          .map((all) => all.join("")),
        fc.array(fc.nat(50)),
        (text, places) => {
          const edges = [...places.map((place) => Math.min(place, text.length)), 0, text.length];
          const sorted = edges.toSorted((a, b) => a - b);
          const transcript = new Transcript();
          for (let i = 1; i < sorted.length; i++) {
            const delta = {
              choice: 0,
              text: text.slice(sorted[i - 1], sorted[i]),
              tokenIds: null,
              finishReason: null,
            };
            transcript.add({ id: null, deltas: [delta], completionTokens: null });
          }
          expect(transcript.choices()[0].textSha256).toBe(bytesToHex(sha256(utf8ToBytes(text))));
        },
      ),
      { seed: 7 },
    );
  });

  it("counts tokens by their ids, else by the upstream's count if there is one choice", () => {
    const delta = { choice: 0, text: "a", tokenIds: null, finishReason: null };
    const counted = (deltas: AnswerPart["deltas"]) => {
      const transcript = new Transcript();
      transcript.add({ id: "x", deltas, completionTokens: 9 });
      return transcript.choices().map(({ tokens }) => tokens);
    };
    expect(counted([delta])).toEqual([9]);
    expect(counted([{ ...delta, tokenIds: [1, 2] }])).toEqual([2]);
    expect(counted([delta, { ...delta, choice: 1 }])).toEqual([null, null]);
  });

  it("records a bounded number of choices", () => {
    const transcript = new Transcript();
    const deltas = Array.from({ length: 1000 }, (_, choice) => ({
      choice,
      text: "a",
      tokenIds: null,
      finishReason: null,
    }));
    transcript.add({ id: null, deltas, completionTokens: null });
    expect(transcript.choices()).toHaveLength(128);
  });
});
