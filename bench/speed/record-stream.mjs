// Records without end for `verdigris score -`: the recorded corpus again and again, its token ids moved each time, so that
// hardly a window comes twice. As a program it writes them: node bench/speed/record-stream.mjs MEGABYTES [tokens|text]
import { readFileSync } from "node:fs";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";

const CORPUS = new URL("../../fixtures/corpora/smollm2/unmarked.jsonl.br", import.meta.url);
const V = 49_152;
const SPECIAL = 17;
const CHUNK = 1 << 20;

/** Chunks of whole lines, of about `bytes` in all. `kind`: with their tokens, or as text only. */
export function* records(bytes, kind) {
  const lines = brotliDecompressSync(readFileSync(CORPUS)).toString("utf8").trimEnd().split("\n");
  const corpus = lines.map((line) => JSON.parse(line));
  let written = 0;
  for (let round = 0; ; round++) {
    let chunk = "";
    for (const { text, tokens } of corpus) {
      chunk += `{"text":${JSON.stringify(text)}${kind === "tokens" ? tokensField(tokens, round) : ""}}\n`;
      if (chunk.length < CHUNK) continue;
      const buffer = Buffer.from(chunk);
      written += buffer.length;
      yield buffer;
      if (written >= bytes) return;
      chunk = "";
    }
  }
}

function tokensField(tokens, round) {
  const move = (id) =>
    id < SPECIAL ? id : SPECIAL + ((id - SPECIAL + 7919 * round) % (V - SPECIAL));
  return `,"tokens":[${tokens.map(move).join(",")}]`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [megabytes, kind = "tokens"] = process.argv.slice(2);
  for (const chunk of records(Number(megabytes) * 1e6, kind)) {
    if (!process.stdout.write(chunk)) await once(process.stdout, "drain");
  }
}
