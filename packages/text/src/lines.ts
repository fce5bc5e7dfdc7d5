/** Lines of a stream of text. */

/** Longest line, in UTF-16 code units: a record has to fit in memory. */
export const MAX_LINE_LENGTH = 1 << 26;

export type Line =
  | { readonly kind: "line"; readonly number: number; readonly text: string }
  | { readonly kind: "too-long"; readonly number: number };

/** The lines of `chunks`, counted from 1, without their \n or \r\n. */
export async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<Line> {
  let pieces: string[] = [];
  let length = 0;
  let number = 1;
  const add = (piece: string): void => {
    length += piece.length;
    // Pieces, since searching a growing string would copy it for every chunk.
    if (length > MAX_LINE_LENGTH) pieces = [];
    else pieces.push(piece);
  };
  const finish = (): Line => {
    const tooLong = length > MAX_LINE_LENGTH;
    const text = pieces.join("").replace(/\r$/, "");
    [pieces, length] = [[], 0];
    return tooLong
      ? { kind: "too-long", number: number++ }
      : { kind: "line", number: number++, text };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf("\n"); end !== -1; end = chunk.indexOf("\n", start)) {
      add(chunk.slice(start, end));
      yield finish();
      start = end + 1;
    }
    if (start < chunk.length) add(chunk.slice(start));
  }
  if (length > 0) yield finish();
}
