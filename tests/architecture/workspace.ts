/** What the architecture rules look at: the files of the workspace and its manifests. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A text file; `path` is relative to the root, with slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** The fields of a package.json that the rules read. */
export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly license?: string;
  readonly sideEffects?: boolean;
  readonly engines?: { readonly node?: string };
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly files?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const GENERATED = new Set([
  "node_modules",
  "dist",
  ".git",
  ".cache",
  ".env",
  "report",
  "verdigris-report",
]);
const TEXT = /\.(?:[cm]?[jt]s|jsonc?|jsonl|md|ya?ml|sh|py|txt|html)$|\/run$/;

/** Names at the top of the repository, without dotfiles and what .gitignore names. */
export function topLevel(): readonly string[] {
  return readdirSync(ROOT).filter((name) => !name.startsWith(".") && !GENERATED.has(name));
}

/** Every text file of the repository except the lockfile. */
export function textFiles(directory = ROOT): readonly SourceFile[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (GENERATED.has(entry.name) || entry.name === "pnpm-lock.yaml") return [];
    const absolute = join(directory, entry.name);
    if (entry.isDirectory()) return textFiles(absolute);
    if (!entry.isFile() || !TEXT.test(absolute)) return [];
    const path = relative(ROOT, absolute).split(sep).join("/");
    return [{ path, text: readFileSync(absolute, "utf8") }];
  });
}

/** The manifest of a folder, or null. */
export function manifestOf(folder: string): Manifest | null {
  const file = join(ROOT, folder, "package.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Manifest) : null;
}

/** Folders `packages/…` that hold a package. */
export function packageFolders(): readonly string[] {
  const folders = readdirSync(join(ROOT, "packages")).map((name) => `packages/${name}`);
  return folders.filter((folder) => manifestOf(folder) !== null);
}

/** Is there such a file? `path` relative to the root. */
export function exists(path: string): boolean {
  return existsSync(join(ROOT, path));
}
