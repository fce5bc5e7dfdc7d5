// The README's table of the cross-check, from bench/results/crosscheck.json: a row per mark and peer.
//
//   node bench/peers/live/crosscheck-table.mjs
import { readFileSync } from "node:fs";

const results = new URL("../../results/crosscheck.json", import.meta.url);
const { rows, versions } = JSON.parse(readFileSync(results, "utf8"));
const lines = rows.map((row) => {
  const pair = (here, there, of) => `${row[here]}/${of}, ${row[there]}/${of}`;
  const cells = [
    `\`${row.mark}\``,
    `${row.peer} ${versions[row.peer]}`,
    pair("theirsFoundHere", "theirsFoundThere", row.texts),
    pair("oursFoundHere", "oursFoundThere", row.texts),
    pair("unmarkedFoundHere", "unmarkedFoundThere", row.unmarkedTexts),
    row.maxDifference === 0 ? "0" : row.maxDifference.toExponential(0),
  ];
  return `| ${cells.join(" | ")} |`;
});
console.log(
  [
    "| mark | peer | text the peer marked: found here, there | text marked here: found here, there | unmarked: found here, there | `--as-peer` off by at most |",
    "|---|---|---|---|---|---|",
    ...lines,
  ].join("\n"),
);
