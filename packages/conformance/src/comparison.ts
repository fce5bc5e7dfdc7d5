import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import * as z from "zod";

/** A list of token ids, whole or by digest, as vector files give it. */
export const idList = z.object({
  count: z.int().min(0),
  sha256_sorted_u32le: z.string(),
  sha256_order_u32le: z.string().optional(),
  order_first8: z.array(z.int()).optional(),
  ids_order: z.array(z.int()).optional(),
  sorted_first32: z.array(z.int()).optional(),
  sorted_last32: z.array(z.int()).optional(),
});
export type IdList = z.infer<typeof idList>;

/** A 64-bit or larger integer: a decimal string, or a number where it is exact. */
export const integer = z
  .union([z.string().regex(/^-?\d+$/, "expected a whole number"), z.int()])
  .transform((value) => BigInt(value));

/** A number; `nan`, `inf` and `-inf` come as strings. */
export const real = z.union([
  z.number(),
  z
    .enum(["nan", "inf", "-inf"])
    .transform((name) => ({ nan: NaN, inf: Infinity, "-inf": -Infinity })[name]),
]);

/** A list of such numbers. */
export const reals = z.array(real);

/** How far a float may be off: |difference| ≤ absolute + relative · |expected|. */
export interface Tolerance {
  readonly absolute?: number;
  readonly relative?: number;
}

/** Collects what differs between a record and what the packages compute. */
export class Comparison {
  readonly problems: string[] = [];

  /** Exact equality; lists entry by entry. */
  equal(name: string, actual: unknown, expected: unknown): void {
    const [a, b] = [plain(actual), plain(expected)];
    if (a !== b) this.problems.push(`${name}: expected ${short(b)}, got ${short(a)}`);
  }

  /** Floats within a tolerance; NaN equals NaN, an infinity itself. */
  close(name: string, actual: number, expected: number, tolerance: Tolerance): void {
    const { absolute = 0, relative = 0 } = tolerance;
    const near = Math.abs(actual - expected) <= absolute + relative * Math.abs(expected);
    if (!near && !Object.is(actual, expected)) {
      this.problems.push(
        `${name}: expected ${expected} (within ${absolute + relative * Math.abs(expected)}), got ${actual}`,
      );
    }
  }

  /** Lists of floats within a tolerance, entry by entry; the first difference is told. */
  allClose(
    name: string,
    actual: ArrayLike<number>,
    expected: ArrayLike<number>,
    tolerance: Tolerance,
  ): void {
    this.equal(`${name}.length`, actual.length, expected.length);
    const before = this.problems.length;
    for (let i = 0; i < expected.length && this.problems.length === before; i++) {
      this.close(`${name}[${i}]`, actual[i], expected[i], tolerance);
    }
  }

  /** SHA-256 of an array's little-endian bytes. */
  digest(name: string, array: ArrayBufferView, expected: string): void {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    this.equal(name, bytesToHex(sha256(bytes)), expected);
  }

  /** Token ids in the peer's order, against all that an id list holds; ascending ids have no order to check. */
  ids(
    name: string,
    actual: Uint32Array,
    expected: IdList,
    options: { readonly ordered: boolean },
  ): void {
    const sorted = actual.toSorted();
    this.equal(`${name}.count`, actual.length, expected.count);
    this.digest(`${name}.sha256_sorted_u32le`, sorted, expected.sha256_sorted_u32le);
    this.part(`${name}.sorted_first32`, sorted.slice(0, 32), expected.sorted_first32);
    this.part(`${name}.sorted_last32`, sorted.slice(-32), expected.sorted_last32);
    const order = options.ordered ? actual : sorted;
    if (expected.sha256_order_u32le !== undefined) {
      this.digest(`${name}.sha256_order_u32le`, order, expected.sha256_order_u32le);
    }
    this.part(`${name}.order_first8`, order.slice(0, 8), expected.order_first8);
    this.part(`${name}.ids_order`, order, expected.ids_order);
  }

  /** A part of a list, where the record has it. */
  part(name: string, actual: ArrayLike<number>, expected: ArrayLike<number> | undefined): void {
    if (expected !== undefined) this.equal(name, Array.from(actual), Array.from(expected));
  }
}

function plain(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "bigint") return shortest(part);
    if (ArrayBuffer.isView(part)) return Array.from(part as Uint8Array);
    return typeof part === "number" && !Number.isFinite(part) ? String(part) : part;
  });
  return text ?? String(value);
}

/** A number where it is exact, so that 5n equals 5. */
function shortest(value: bigint): number | string {
  return BigInt(Number(value)) === value ? Number(value) : String(value);
}

function short(text: string): string {
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
