import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { Key } from "../src/index.js";

const hex = "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef";
const key = Key.fromText(hex);

describe("a key", () => {
  it("shows its id and nothing else, however it is printed", () => {
    const prints = [
      String(key),
      `${key}`,
      JSON.stringify({ key }),
      inspect(key),
      inspect({ deep: { key } }, { depth: 5, showHidden: true }),
      JSON.stringify(Object.entries(key)),
      inspect(new Error("failed", { cause: { key } })),
      inspect(new Map([[key, [key]]]), { customInspect: false, showHidden: true, depth: 5 }),
    ];
    for (const print of prints) {
      expect(print).toContain(key.id);
      expect(print.toLowerCase()).not.toContain(hex.slice(0, 12));
      expect(print).not.toContain("17, 34, 51");
    }
  });

  it("reads its text form in either case and with white space around it", () => {
    expect(Key.fromText(` ${hex.toUpperCase()}\n`).id).toBe(key.id);
    expect(Key.fromText(hex).reveal()).toBe(hex);
    expect(Key.fromBytes(Uint8Array.from(Buffer.from(hex, "hex"))).id).toBe(key.id);
  });

  it("does not change with the bytes it was made from", () => {
    const bytes = new Uint8Array(32);
    const made = Key.fromBytes(bytes);
    bytes.fill(1);
    expect(made.reveal()).toBe("00".repeat(32));
  });

  it("derives a different key for every provider, group, tenant and epoch", () => {
    const paths = [
      { provider: "a" },
      { provider: "b" },
      { provider: "a", group: "g" },
      { provider: "a", tenant: "g" },
      { provider: "a", epoch: "g" },
      { provider: "a", group: "g", tenant: "t" },
    ];
    const ids = paths.map((path) => key.derive(path).id);
    expect(new Set([key.id, ...ids]).size).toBe(paths.length + 1);
    expect(key.derive({ provider: "a" }).id).toBe(ids[0]);
    expect(key.derive({ provider: "a", group: "", tenant: "", epoch: "" }).id).toBe(ids[0]);
  });

  it("tells fields apart, whatever characters they hold", () => {
    const paths = [
      { provider: "ab" },
      { provider: "a", group: "b" },
      { provider: "a,b" },
      { provider: 'a","b' },
      { provider: 'a\\","b' },
      { provider: "a b" },
      { provider: "a\u0000b" },
      { provider: "é" },
      { provider: "e\u0301" },
    ];
    expect(new Set(paths.map((path) => key.derive(path).id)).size).toBe(paths.length);
  });

  it("derives independent bytes: half the bits differ between purposes, keys and steps", () => {
    const purposes = [...Array(64).keys()].map((i) => key.subkey(`purpose ${i}`, 32));
    const steps = [...Array(64).keys()].map((i) => key.derive({ provider: String(i) }));
    for (const bytes of [
      ...purposes.slice(1),
      ...steps.map((step) => step.subkey("purpose 0", 32)),
    ]) {
      // 256 fair bits: 6.1 standard deviations are 49.
      expect(Math.abs(differingBits(purposes[0], bytes) - 128)).toBeLessThan(49);
    }
    // The chain has an order, and a longer output begins as a shorter one.
    const [a, b] = [{ provider: "a" }, { provider: "b" }];
    expect(key.derive(a).derive(b).id).not.toBe(key.derive(b).derive(a).id);
    expect(key.subkey("p", 40).subarray(0, 32)).toEqual(key.subkey("p", 32));
  });

  it.each([
    [hex.slice(2), "62 hex digits"],
    ["", "0 hex digits"],
    [`${hex}00`, "66 hex digits"],
    ["g".repeat(64), "64 characters that are not all hex digits"],
    [`0x${hex.slice(2)}`, "64 characters that are not all hex digits"],
    [`${hex.slice(0, 32)} ${hex.slice(32)}`, "65 characters that are not all hex digits"],
    [`${hex}\n${hex}`, "129 characters that are not all hex digits"],
  ])("refuses the text %j without repeating it", (text, what) => {
    let message = "";
    try {
      Key.fromText(text);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toBe(`key: expected 64 hex digits (32 bytes), got ${what}`);
  });

  it.each([0, 16, 31, 33, 64])("refuses %i bytes", (n) => {
    expect(() => Key.fromBytes(new Uint8Array(n))).toThrow(
      new RangeError(`key: expected 32 bytes, got ${n}`),
    );
  });
});

function differingBits(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, byte, i) => {
    let bits = 0;
    for (let x = byte ^ b[i]; x !== 0; x &= x - 1) bits++;
    return sum + bits;
  }, 0);
}
