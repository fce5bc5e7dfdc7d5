/** Documents of suspect files as pieces a detector takes. */
import type { Profile, Tokens } from "@verdigris/core";
import type { Piece } from "@verdigris/detector";
import {
  type Document,
  type Finding,
  type ReadOptions,
  type ReadProblem,
  type Tokenizer,
  normalise,
  readDocuments,
} from "@verdigris/text";

/** How files become tokens. */
export interface Reading {
  readonly profile: Profile;
  /** Asked only for text whose tokens are not recorded. */
  readonly tokenizer: () => Promise<Tokenizer>;
  readonly options: ReadOptions;
}

/** A document, or a part of a long one, in tokens. */
export interface PieceOfDocument {
  readonly kind: "piece";
  /** Id of the document. */
  readonly id: string;
  readonly last: boolean;
  /** The text that was made into tokens, normalised; null where the tokens were recorded. */
  readonly text: string | null;
  readonly piece: Piece;
  readonly findings: readonly Finding[];
}

/** The pieces of a file in order, and the records that cannot be used among them. */
export async function* readPieces(
  path: string,
  reading: Reading,
): AsyncGenerator<PieceOfDocument | ReadProblem> {
  for await (const item of readDocuments(path, reading.options)) {
    yield item.kind === "problem" ? item : await pieceOf(item, path, reading);
  }
}

/** Recorded tokens are taken as they are: what the generator chose is better evidence than what its text spells. */
async function pieceOf(
  document: Document,
  path: string,
  reading: Reading,
): Promise<PieceOfDocument | ReadProblem> {
  const { id, last, part } = document;
  const { text, findings } =
    document.tokens === undefined ? normalise(document.text) : { text: null, findings: [] };
  const tokens = document.tokens ?? (await reading.tokenizer()).encode(text ?? "");
  const prompt = part === 0 ? await promptOf(document, reading) : undefined;
  const message =
    wrongId("tokens", tokens, reading.profile) ?? wrongId("promptTokens", prompt, reading.profile);
  if (message !== null) return { kind: "problem", path, message: `${id}: ${message}` };
  const piece = { tokens, continues: part > 0, ...(prompt === undefined ? {} : { prompt }) };
  return { kind: "piece", id, last, text, piece, findings };
}

/** What the writer was shown; not asked for where the profile does not exclude it. */
async function promptOf(
  document: Document,
  { profile, tokenizer }: Reading,
): Promise<Tokens | undefined> {
  if (profile.promptRule === "none") return undefined;
  if (document.promptTokens !== undefined || document.prompt === undefined)
    return document.promptTokens;
  return (await tokenizer()).encode(normalise(document.prompt).text);
}

function wrongId(name: string, ids: Tokens | undefined, { V }: Profile): string | null {
  const at = ids?.findIndex((id) => id >= V) ?? -1;
  return at === -1 ? null : `${name}[${at}]: expected a token id below V = ${V}, got ${ids?.[at]}`;
}
