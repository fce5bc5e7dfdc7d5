// What `verdigris gateway --collected` sees of answers whose engine sends no ids: windows of their texts, tokenised again.
//   node bench/quality/reread-windows.mjs
// Writes bench/results/reread-windows.json; the same bytes each time. Some 3 seconds.
//
// For each recorded arm: the share of the windows (h tokens that another one follows) that the model wrote and its text, read
// again, does not have, the other way round, and the mark's excess as both see it. A window counts as often as it occurs.
import { readBack, recordedArms, scored, share, tokenizer, writeResult } from "./lab.mjs";

const rows = recordedArms().map(({ name, profile, key, pieces }) => {
  const { h } = profile;
  const texts = pieces.map((tokens) => readBack(tokenizer.decode(tokens)));
  const sum = { written: 0, missed: 0, read: 0, invented: 0, changed: 0 };
  for (const [i, tokens] of pieces.entries()) {
    const [written, read] = [windowsOf(tokens, h), windowsOf(texts[i], h)];
    const missed = beyond(written, read);
    sum.written += tokens.length - h;
    sum.missed += missed;
    sum.read += texts[i].length - h;
    sum.invented += beyond(read, written);
    if (missed > 0) sum.changed++;
  }
  const excess = (all) => Number(scored(profile, key, all).effect.toFixed(4));
  return {
    arm: name,
    answers: pieces.length,
    answersChanged: sum.changed,
    windowsMissed: share(sum.missed, sum.written),
    windowsInvented: share(sum.invented, sum.read),
    excessWritten: excess(pieces),
    excessRead: excess(texts),
  };
});
console.table(rows);
writeResult("reread-windows", { command: "node bench/quality/reread-windows.mjs", rows });

/** How often each window occurs that some token follows. */
function windowsOf(tokens, h) {
  const counts = new Map();
  for (let i = h; i < tokens.length; i++) {
    const window = tokens.subarray(i - h, i).join(" ");
    counts.set(window, (counts.get(window) ?? 0) + 1);
  }
  return counts;
}

/** Windows of `some` that `others` lack. */
function beyond(some, others) {
  let lacking = 0;
  for (const [window, n] of some) lacking += Math.max(0, n - (others.get(window) ?? 0));
  return lacking;
}
