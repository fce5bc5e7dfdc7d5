/** Prompts, and how a model is shown them. */
import { type Tokens, VerdigrisError } from "@verdigris/core";
import { readDocuments } from "@verdigris/text";
import type { LlamaLanguageModel } from "@verdigris/watermark/node-llama-cpp";
import { type Io, locate } from "./io.js";

/** The prompt given, or those of a file; exactly one of the two. */
export async function readPrompts(
  io: Io,
  prompt: string | undefined,
  file: string | undefined,
): Promise<readonly string[]> {
  if ((prompt === undefined) === (file === undefined)) {
    throw new TypeError(
      `prompt: expected either PROMPT or --prompts FILE, got ${file === undefined ? "neither" : "both"}`,
    );
  }
  if (file !== undefined) return promptsIn(io, file === "-" ? file : locate(io, file));
  if (prompt === undefined || prompt.trim() === "")
    throw new TypeError("prompt: expected some text, got none");
  return [prompt];
}

/** One prompt a line; of a JSONL file, the field `prompt` of each record. */
async function promptsIn(io: Io, path: string): Promise<readonly string[]> {
  const records: string[] = [];
  let lines = "";
  for await (const item of readDocuments(path, { field: "prompt", stdin: io.stdin })) {
    if (item.kind === "problem") {
      throw new VerdigrisError("FILE_INVALID", `${item.path}:${item.line ?? 1}: ${item.message}`);
    }
    if (isJsonl(path)) records.push(item.text);
    else lines += item.text;
  }
  if (isJsonl(path)) return records;
  return lines
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
}

function isJsonl(path: string): boolean {
  return /\.(jsonl|ndjson)(\.gz|\.br)?$/i.test(path);
}

const CHAT_START = "<|im_start|>";

/**
 * Token ids of a prompt: a ChatML turn if the model's vocabulary has `<|im_start|>`, else by the model's own template, else
 * the prompt as it is. ChatML comes first because a template may add a system turn of its own, as SmolLM2's does, and the
 * recorded corpora have none (0070).
 * @throws RangeError if it has more tokens than `longest`
 */
export function promptTokens(
  model: LlamaLanguageModel,
  prompt: string,
  { raw, longest }: { readonly raw: boolean; readonly longest: number },
): Tokens {
  const tokens = (raw ? null : turnTokens(model, prompt)) ?? model.encode(prompt);
  if (tokens.length > longest) {
    throw new RangeError(`prompt: expected at most ${longest} tokens, got ${tokens.length}`);
  }
  return tokens;
}

/** The prompt as a user's turn; null for a model that knows no turns. */
function turnTokens(model: LlamaLanguageModel, prompt: string): Tokens | null {
  if (model.encode(CHAT_START, true).length > 1) {
    return model.chat([{ role: "user", content: prompt }]);
  }
  return model.encode(`${CHAT_START}user\n${prompt}<|im_end|>\n${CHAT_START}assistant\n`, true);
}
