import { intoParts } from "../parts.js";
import { type Document, type Format, type Source, emptyFile } from "./format.js";

/** Plain text, one document a file. */
export const text: Format = { extensions: [".txt", ".md"], read };

async function* read({ name, text: chunks }: Source): AsyncGenerator<Document> {
  let blank = true;
  for await (const part of intoParts(chunks())) {
    blank &&= part.text.trim() === "";
    if (blank && part.last) throw emptyFile(name);
    yield { kind: "document", id: name, ...part };
  }
}
