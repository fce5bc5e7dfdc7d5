/** Long lists as JSON, without having them in memory. */

/** What `change` makes of each item, when it is asked for. */
export function* each<Item, Result>(
  items: Iterable<Item>,
  change: (item: Item) => Result,
): Generator<Result> {
  for (const item of items) yield change(item);
}

/**
 * What `JSON.stringify(value, null, 2)` would give, in pieces. An iterable that is no array counts as one, and each of its
 * items is a piece.
 */
export function* jsonPieces(value: unknown, indent = ""): Generator<string> {
  const inner = `${indent}  `;
  if (typeof value !== "object" || value === null) {
    yield JSON.stringify(value);
  } else if (Symbol.iterator in value) {
    const isArray = Array.isArray(value);
    yield* bracketed(value as Iterable<unknown>, {
      brackets: "[]",
      indent,
      print: (item) => (isArray ? jsonPieces(item, inner) : [indented(item, inner)]),
    });
  } else {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    yield* bracketed(entries, {
      brackets: "{}",
      indent,
      *print([name, item]) {
        yield `${JSON.stringify(name)}: `;
        yield* jsonPieces(item, inner);
      },
    });
  }
}

function* bracketed<Item>(
  items: Iterable<Item>,
  {
    brackets: [open, close],
    indent,
    print,
  }: { brackets: string; indent: string; print: (item: Item) => Iterable<string> },
): Generator<string> {
  let before = open;
  for (const item of items) {
    yield `${before}\n${indent}  `;
    yield* print(item);
    before = ",";
  }
  yield before === open ? `${open}${close}` : `\n${indent}${close}`;
}

function indented(item: unknown, indent: string): string {
  return JSON.stringify(item, null, 2).replaceAll("\n", `\n${indent}`);
}
