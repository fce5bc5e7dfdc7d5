// Which positions of a read text count: their window is in sight for the first time.

/** Contexts of up to 64 tokens, each ending in an h-window that no earlier position of the set ended in. */
export function distinctWindows(texts, h) {
  const seen = new Set();
  const out = [];
  for (const { tokens, from } of texts) {
    for (let position = from + h; position < tokens.length; position++) {
      const window = tokens.slice(position - h, position).join(" ");
      if (seen.has(window)) continue;
      seen.add(window);
      out.push(Uint32Array.from(tokens.slice(Math.max(from, position - 64), position)));
    }
  }
  return out;
}
