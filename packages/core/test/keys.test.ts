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
  });

  it.each([
    [hex.slice(2), "62 hex digits"],
    ["", "0 hex digits"],
    [`${hex}00`, "66 hex digits"],
    ["g".repeat(64), "64 characters that are not all hex digits"],
  ])("refuses the text %j without repeating it", (text, what) => {
    let message = "";
    try {
      Key.fromText(text);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toBe(`key: expected 64 hex digits (32 bytes), got ${what}`);
  });

  it("refuses any number of bytes but 32", () => {
    expect(() => Key.fromBytes(new Uint8Array(31))).toThrow(
      new RangeError("key: expected 32 bytes, got 31"),
    );
  });
});
