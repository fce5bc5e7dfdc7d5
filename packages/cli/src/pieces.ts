/** Documents of suspect files as pieces a detector takes. */
import { type Profile, type Tokens, VerdigrisError } from "@verdigris/core";
import type { Piece } from "@verdigris/detector";
import {
  type Document,
  type Finding,
  type ReadOptions,
  type ReadProblem,
  readDocuments,
} from "@verdigris/text";
import { inOrder } from "./in-order.js";
import type { Tokenised, Tokenising } from "./tokenising.js";

/** What reading must know of a profile. */
export type ReadProfile = Pick<Profile, "V" | "promptRule">;

/** How files become tokens. */
export interface TextReading {
  readonly profile: ReadProfile;
  /** Asked only for text whose tokens are not recorded. */
  readonly tokenising: Tokenising;
  readonly options: ReadOptions;
}

/** The same, for one profile. */
export interface Reading extends TextReading {
  readonly profile: Profile;
}

/** A document, or a part of a long one, in tokens. */
export interface PieceOfDocument {
  readonly kind: "piece";
  readonly path: string;
  /** Id of the document. */
  readonly id: string;
  readonly last: boolean;
  /** The text that was made into tokens, normalised; null where the tokens were recorded. */
  readonly text: string | null;
  /** The same as it was read, before normalisation. */
  readonly original: string | null;
  readonly piece: Piece;
  readonly findings: readonly Finding[];
}

/** That a file has been read, to its end or as far as possible. */
export interface FileEnd {
  readonly kind: "end";
  readonly path: string;
}

type ReadItem = (Document & { readonly path: string }) | ReadProblem | FileEnd;

/** Work handed over at once: text in UTF-16 code units, recorded tokens, and a little for the item itself. */
const BATCH = 1 << 16;
const ITEM = 64;

/**
 * The pieces of files in order, the records that cannot be used among them, and the end of each file. Of several files,
 * one that cannot be read as a whole is a problem too; a single one throws.
 * @throws VerdigrisError FILE_* for a single file that cannot be read as a whole
 */
export async function* readPieces(
  paths: readonly string[],
  reading: TextReading,
): AsyncGenerator<PieceOfDocument | ReadProblem | FileEnd> {
  const work = (
    batch: readonly ReadItem[],
  ): Promise<readonly (PieceOfDocument | ReadProblem | FileEnd)[]> => piecesOf(batch, reading);
  const batches = inOrder(
    inBatches(readFiles(paths, reading.options)),
    work,
    reading.tokenising.ahead,
  );
  for await (const pieces of batches) yield* pieces;
}

async function* readFiles(
  paths: readonly string[],
  options: ReadOptions,
): AsyncGenerator<ReadItem> {
  for (const path of paths) {
    try {
      for await (const item of readDocuments(path, options))
        yield item.kind === "problem" ? item : { ...item, path };
    } catch (error) {
      if (paths.length === 1 || !(error instanceof VerdigrisError)) throw error;
      yield { kind: "problem", path, message: error.message };
    }
    yield { kind: "end", path };
  }
}

async function* inBatches(items: AsyncIterable<ReadItem>): AsyncGenerator<readonly ReadItem[]> {
  let batch: ReadItem[] = [];
  let size = 0;
  for await (const item of items) {
    batch.push(item);
    size += ITEM + (item.kind === "document" ? item.text.length + (item.tokens?.length ?? 0) : 0);
    if (size < BATCH) continue;
    yield batch;
    [batch, size] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}

async function piecesOf(
  batch: readonly ReadItem[],
  { profile, tokenising }: TextReading,
): Promise<readonly (PieceOfDocument | ReadProblem | FileEnd)[]> {
  const documents = batch.filter((item) => item.kind === "document");
  const texts = documents.flatMap((document) => textsOf(document, profile));
  const done = (await tokenising.run(texts))[Symbol.iterator]();
  const next = (): Tokenised => done.next().value as Tokenised;
  return batch.map((item) => (item.kind === "document" ? pieceOf(item, profile, next) : item));
}

/** What has to be tokenised of a document, in the order in which `pieceOf` asks for it. */
function textsOf(document: Document, profile: ReadProfile): readonly string[] {
  const text = document.tokens === undefined ? [document.text] : [];
  return isPromptTyped(document, profile) ? [...text, document.prompt ?? ""] : text;
}

/** Whether the prompt is needed, and there as text only. */
function isPromptTyped({ part, prompt, promptTokens }: Document, profile: ReadProfile): boolean {
  const isNeeded = part === 0 && profile.promptRule !== "none";
  return isNeeded && promptTokens === undefined && prompt !== undefined;
}

/** Recorded tokens are taken as they are: what the generator chose is better evidence than what its text spells. */
function pieceOf(
  document: Document & { readonly path: string },
  profile: ReadProfile,
  next: () => Tokenised,
): PieceOfDocument | ReadProblem {
  const { id, last, part, path, promptTokens } = document;
  const { tokens, findings, text } =
    document.tokens === undefined ? next() : { tokens: document.tokens, findings: [], text: null };
  const shown = isPromptTyped(document, profile) ? next().tokens : promptTokens;
  const prompt = part === 0 && profile.promptRule !== "none" ? shown : undefined;
  const message = wrongId("tokens", tokens, profile) ?? wrongId("promptTokens", prompt, profile);
  if (message !== null) return { kind: "problem", path, message: `${id}: ${message}` };
  const piece = { tokens, continues: part > 0, ...(prompt === undefined ? {} : { prompt }) };
  const original = text === null ? null : document.text;
  return { kind: "piece", path, id, last, text, original, piece, findings };
}

function wrongId(name: string, ids: Tokens | undefined, { V }: ReadProfile): string | null {
  const at = ids?.findIndex((id) => id >= V) ?? -1;
  return at === -1 ? null : `${name}[${at}]: expected a token id below V = ${V}, got ${ids?.[at]}`;
}
