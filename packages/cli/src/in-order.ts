/**
 * Runs `work` on items, at most `limit` at a time, and yields results in the items' order as they become ready. When
 * the caller stops early or an item fails, the signal tells the others to end, and they are waited for: nothing runs
 * on behind the caller's back.
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item, index: number, signal: AbortSignal) => Promise<Result>,
  limit: number,
): AsyncGenerator<Result> {
  const stop = new AbortController();
  const running: Promise<Result>[] = [];
  let n = 0;
  try {
    for await (const item of items) {
      const started = work(item, n++, stop.signal);
      // A failure is met when its turn comes; until then it must not count as unhandled.
      started.catch(() => {});
      running.push(started);
      if (running.length < limit) continue;
      yield await running[0];
      running.shift();
    }
    for (; running.length > 0; running.shift()) yield await running[0];
  } finally {
    stop.abort();
    await Promise.allSettled(running);
  }
}
