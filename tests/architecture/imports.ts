/** A source's imports, read without a compiler: enough for code that oxfmt has laid out. */

/** One import; `early` if it is loaded with the module (not `import type`, not a call). */
export interface Import {
  readonly specifier: string;
  readonly early: boolean;
}

const COMMENT_OR_STRING =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)/g;

/** The text without its comments. */
export function withoutComments(text: string): string {
  return text.replace(COMMENT_OR_STRING, (_match, string: string | undefined) => string ?? " ");
}

/** The text without its comments and what stands in quotes. */
export function codeOnly(text: string): string {
  return text.replace(COMMENT_OR_STRING, (_match, string) => (string === undefined ? " " : '""'));
}

const STATEMENT =
  /^(?:import|export)\s+(type\s+)?(?:(?:\*|\{[^}]*\}|[\w$]+)[^;"'=]*?from\s*)?["']([^"']+)["']/gm;
const CALL = /\b(?:import|require|require\.resolve)\(\s*["']([^"']+)["']/g;

/** Everything a source imports. */
export function importsOf(text: string): readonly Import[] {
  const code = withoutComments(text);
  return [
    ...Array.from(code.matchAll(STATEMENT), ([, type, specifier]) => ({
      specifier,
      early: type === undefined,
    })),
    ...Array.from(code.matchAll(CALL), ([, specifier]) => ({ specifier, early: false })),
  ];
}

/** `@scope/name/deep` → `@scope/name`; null for relative and node: specifiers. */
export function packageName(specifier: string): string | null {
  if (/^(?:\.|node:)/.test(specifier)) return null;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
