/** The README's table "whose marks it reads", from the registry. */
import { schemes } from "@verdigris/core";
import { peerDetectors } from "@verdigris/detector/peers";

/** Markdown of the table: a row per scheme. */
export function marksTable(): string {
  const rows = schemes.map(({ name, summary, origin, prfs }) => {
    const peer = peerDetectors.some((detector) => detector.schemes.includes(name));
    return `| \`${name}\` | ${summary} | ${origin} | ${prfs.map((prf) => `\`${prf}\``).join(", ")} | ${peer ? "yes" : "–"} |`;
  });
  return [
    "| scheme | mark | agrees with | PRF | `--as-peer` |",
    "|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

/** What stands between the markers `<!-- name -->` and `<!-- /name -->` of a README, or null without them. */
export function tableIn(readme: string, name: string): string | null {
  const [, rest] = readme.split(`<!-- ${name} -->\n`);
  return rest === undefined ? null : rest.split(`\n<!-- /${name} -->`)[0];
}
