import { expect, test } from "vitest";
import { inOrder } from "../src/in-order.js";

const after = (turns: number): Promise<void> => new Promise((done) => setTimeout(done, turns));

test("results come in the order of the items, whatever takes longest", async () => {
  const work = async (ms: number): Promise<number> => (await after(ms), ms);
  expect(await Array.fromAsync(inOrder([30, 1, 10], work, 3))).toEqual([30, 1, 10]);
});

test("no more than the limit run at a time", async () => {
  let running = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, ++running);
    await after(1);
    running--;
  };
  await Array.fromAsync(inOrder(Array.from({ length: 9 }), work, 2));
  expect(most).toBe(2);
});

test("a failure is thrown once the others were told to stop and have ended", async () => {
  const ended: number[] = [];
  const work = async (i: number, _index: number, signal: AbortSignal): Promise<void> => {
    if (i === 0) throw new Error("no");
    while (!signal.aborted) await after(1);
    ended.push(i);
  };
  await expect(Array.fromAsync(inOrder([0, 1, 2], work, 3))).rejects.toThrow("no");
  expect(ended).toEqual([1, 2]);
});

test("a caller that stops early stops the work", async () => {
  const ended: number[] = [];
  const work = async (i: number, _index: number, signal: AbortSignal): Promise<number> => {
    if (i > 0) await new Promise((done) => signal.addEventListener("abort", done));
    ended.push(i);
    return i;
  };
  for await (const _result of inOrder([0, 1], work, 2)) break;
  expect(ended).toEqual([0, 1]);
});
