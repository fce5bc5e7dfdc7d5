/** Bodies that tell watchers what passes through them. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nodeFetch } from "../src/adapters/node.js";
import { type Sink, WatchedStream, type Watcher, watched } from "../src/stream/watched.js";

interface Seen extends Watcher {
  readonly pieces: Uint8Array[];
  readonly ends: string[];
}

function seen(): Seen {
  const [pieces, ends]: [Uint8Array[], string[]] = [[], []];
  return {
    pieces,
    ends,
    piece: (bytes) => void pieces.push(bytes),
    end: (how) => void ends.push(how),
  };
}

/** A body whose source the test drives. */
function driven(): { body: WatchedStream; sink: Sink; readonly resumed: number; left: unknown[] } {
  const left: unknown[] = [];
  let [resumed, sink]: [number, Sink | null] = [0, null];
  const body = new WatchedStream((given) => {
    sink = given;
    return { resume: () => void resumed++, cancel: (reason) => void left.push(reason) };
  });
  if (sink === null) throw new Error("not opened");
  return {
    body,
    sink,
    left,
    get resumed() {
      return resumed;
    },
  };
}

const PIECES = fc.array(fc.uint8Array({ minLength: 1, maxLength: 9 }), { maxLength: 20 });

describe("a body", () => {
  it("gives its bytes to the reader and to every watcher, and its end once", async () => {
    await fc.assert(
      fc.asyncProperty(PIECES, fc.boolean(), async (pieces, isOurs) => {
        const watchers = [seen(), seen()];
        const plain = ReadableStream.from(pieces) as ReadableStream<Uint8Array>;
        const inner = watched(plain, watchers[0]);
        const outer = watched(
          isOurs ? inner : inner.pipeThrough(new TransformStream()),
          watchers[1],
        );
        expect(outer === inner).toBe(isOurs);
        expect(await Array.fromAsync(outer)).toEqual(pieces);
        for (const one of watchers) expect(one).toMatchObject({ pieces, ends: ["complete"] });
      }),
      { seed: 1 },
    );
  });

  it("poured gives its bytes to the sink first, each when it is wanted, and its end once", async () => {
    await fc.assert(
      fc.asyncProperty(PIECES, fc.boolean(), fc.boolean(), async (pieces, isPatient, breaks) => {
        const told: string[] = [];
        const plain = ReadableStream.from(given()) as ReadableStream<Uint8Array>;
        const body = watched(plain, {
          piece: (bytes) => void told.push(`heard ${bytes}`),
          end: (how) => void told.push(`heard ${how}`),
        });
        const over = Promise.withResolvers<void>();
        const source = body.pour({
          piece: (bytes) => {
            told.push(isWanted ? `${bytes}` : "unasked");
            isWanted = isPatient;
            if (!isWanted) setTimeout(resume);
            return isWanted;
          },
          end: () => over.resolve(),
          fail: () => over.resolve(),
        });
        let isWanted = false;
        const resume = (): void => {
          isWanted = true;
          void source.resume();
        };
        expect(told).toEqual([]);
        resume();
        await over.promise;
        await Promise.resolve();
        const end = breaks ? "cut" : "complete";
        expect(told).toEqual([
          ...pieces.flatMap((bytes) => [`${bytes}`, `heard ${bytes}`]),
          `heard ${end}`,
        ]);
        expect(() => body.pour({ piece: () => true, end() {}, fail() {} })).toThrow(TypeError);

        function* given(): Generator<Uint8Array> {
          yield* pieces;
          if (breaks) throw new Error("broken");
        }
      }),
      { seed: 1 },
    );
  });

  it("that breaks off is cut for its watchers, and fails for its reader", async () => {
    const { body, sink } = driven();
    const one = seen();
    const reader = watched(body, one).getReader();
    sink.piece(Uint8Array.of(1));
    expect(await reader.read()).toEqual({ done: false, value: Uint8Array.of(1) });
    sink.fail(new Error("broken"));
    await expect(reader.read()).rejects.toThrow("broken");
    expect(one.ends).toEqual(["cut"]);
  });

  it("whose reader leaves is cut, lets its source go, and hears nothing more", async () => {
    const { body, sink, left } = driven();
    const one = seen();
    await watched(body, one).cancel("enough");
    expect([sink.piece(Uint8Array.of(1)), one.pieces]).toEqual([false, []]);
    sink.end();
    sink.fail(new Error("late"));
    expect([left, one.ends]).toEqual([["enough"], ["cut"]]);
  });

  it("tells a watcher that comes after its end how it ended", async () => {
    const { body, sink } = driven();
    sink.fail(new Error("broken"));
    const one = seen();
    body.watch(one);
    await Promise.resolve();
    expect(one.ends).toEqual(["cut"]);
  });

  it("tells a sink that comes after its end how it ended", () => {
    const { body, sink } = driven();
    sink.fail("broken");
    const told: unknown[] = [];
    body.pour({
      piece: () => true,
      end: () => told.push("end"),
      fail: (error) => told.push(error),
    });
    expect(told).toEqual(["broken"]);
  });

  it("asks its source for nothing before it is read, and to stop while its reader is slow", async () => {
    const one = driven();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(one.resumed).toBe(0);
    const piece = new Uint8Array(1 << 14);
    const wanted = Array.from({ length: 6 }, () => one.sink.piece(piece));
    expect(wanted).toEqual([true, true, true, false, false, false]);
    const reader = one.body.getReader();
    for (let i = 0; i < 6; i++) await reader.read();
    expect(one.resumed).toBe(0);
    void reader.read();
    expect(one.resumed).toBe(1);
    expect(one.sink.piece(piece)).toBe(true);
  });
});

it.each([
  ["no body, where a status has none", 204, {}, null],
  ["a redirect, not followed", 302, { location: "/elsewhere" }, ""],
  ["an encoding it does not know: refused", 200, { "content-encoding": "zstd" }, "TypeError"],
] as const)("nodeFetch: %s", async (_what, status, headers, wanted) => {
  const server = createServer((_request, response) => response.writeHead(status, headers).end());
  await once(server.listen(0, "127.0.0.1"), "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const send = await nodeFetch();
    const answer = send(new Request(`http://127.0.0.1:${port}/`, { method: "POST", body: "x" }));
    const shown = await answer.then(
      async (response) => [response.status, response.body && (await response.text())],
      (error: Error) => [status, error.name],
    );
    expect(shown).toEqual([status, wanted]);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
