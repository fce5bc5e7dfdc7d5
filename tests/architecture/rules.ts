/**
 * The architecture as rules over single files. Each says why it exists and where the code should go
 * instead, and carries a canary: a file that breaks it.
 */
import { posix } from "node:path";
import { codeOnly, importsOf, packageName } from "./imports.js";
import { type Manifest, type SourceFile, manifestOf } from "./workspace.js";

/** A rule: complaints about one file, none if it is fine. */
export interface Rule {
  readonly name: string;
  readonly check: (file: SourceFile) => readonly string[];
  readonly canary: SourceFile;
}

/** Who may import whom. A package that is not named here may import all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  text: ["core"],
  watermark: ["core"],
  detector: ["core"],
  conformance: ["core", "detector"],
  survival: ["core", "text", "watermark", "detector"],
  gateway: ["core", "text", "watermark", "detector"],
};

/** `packages/NAME/src/…` → NAME, else null. */
function sourcePackage(path: string): string | null {
  return /^packages\/([^/]+)\/src\/.*\.ts$/.exec(path)?.[1] ?? null;
}

/** `@verdigris/NAME/…` → NAME, `verdigris` → cli, else null. */
function ourPackage(specifier: string): string | null {
  const name = packageName(specifier);
  if (name === "verdigris") return "cli";
  return name?.startsWith("@verdigris/") === true ? name.slice("@verdigris/".length) : null;
}

const directions: Rule = {
  name: "packages import in one direction",
  canary: {
    path: "packages/detector/src/x.ts",
    text: 'import { embed } from "@verdigris/watermark";\n',
  },
  check({ path, text }) {
    const name = sourcePackage(path);
    if (name === null || MAY_IMPORT[name] === undefined) return [];
    const allowed = MAY_IMPORT[name];
    return importsOf(text).flatMap(({ specifier }) => {
      const target = ourPackage(specifier);
      if (target === null || allowed.includes(target)) return [];
      return [
        `${path}: imports ${specifier}, but ${name} may import only [${allowed.join(", ")}]: embedder and detector ` +
          "meet only in Scheme. Move what both need to core, or the caller to survival or cli.",
      ];
    });
  },
};

const inside: Rule = {
  name: "relative imports stay inside their package's src",
  canary: {
    path: "packages/text/src/x.ts",
    text: 'export { y } from "../../core/src/y.js";\n',
  },
  check({ path, text }) {
    const name = sourcePackage(path);
    if (name === null) return [];
    return importsOf(text).flatMap(({ specifier }) => {
      if (!specifier.startsWith(".")) return [];
      const target = posix.join(posix.dirname(path), specifier);
      if (target.startsWith(`packages/${name}/src/`)) return [];
      return [
        `${path}: imports ${specifier}, outside ${name}/src: the published package has no such file. ` +
          "Export it from the other package's entry.",
      ];
    });
  },
};

const portableCore: Rule = {
  name: "core runs anywhere: no node: import, no Node global",
  canary: { path: "packages/core/src/x.ts", text: 'import { readFileSync } from "node:fs";\n' },
  check({ path, text }) {
    if (sourcePackage(path) !== "core") return [];
    const modules = importsOf(text).filter(({ specifier }) => specifier.startsWith("node:"));
    const globals =
      codeOnly(text).match(/(?<![.\w])(?:process|Buffer|global|require|__dirname)(?=[.([])/g) ?? [];
    return [...modules.map(({ specifier }) => specifier), ...globals].map(
      (what) =>
        `${path}: uses ${what}, but core must run in browsers and edge runtimes. ` +
        "Take the bytes as a parameter; read them in text, survival or cli.",
    );
  },
};

function declared(manifest: Manifest | null): ReadonlySet<string> {
  return new Set([
    ...Object.keys(manifest?.dependencies ?? {}),
    ...Object.keys(manifest?.peerDependencies ?? {}),
  ]);
}

const declaredOnly: Rule = {
  name: "packages import what they declare",
  canary: { path: "packages/detector/src/x.ts", text: 'import seedrandom from "seedrandom";\n' },
  check({ path, text }) {
    const name = sourcePackage(path);
    if (name === null) return [];
    const known = declared(manifestOf(`packages/${name}`));
    return importsOf(text).flatMap(({ specifier }) => {
      const dependency = packageName(specifier);
      if (dependency === null || known.has(dependency)) return [];
      return [
        `${path}: imports ${specifier}, which packages/${name}/package.json does not declare: ` +
          "it would be missing after an install. Declare it, or do without.",
      ];
    });
  },
};

const latePeers: Rule = {
  name: "optional peers are loaded only when used",
  canary: {
    path: "packages/watermark/src/x.ts",
    text: 'import { getLlama } from "node-llama-cpp";\n',
  },
  check({ path, text }) {
    const name = sourcePackage(path);
    if (name === null) return [];
    const peers = manifestOf(`packages/${name}`)?.peerDependencies ?? {};
    return importsOf(text).flatMap(({ specifier, early }) => {
      const dependency = packageName(specifier);
      if (!early || dependency === null || peers[dependency] === undefined) return [];
      return [
        `${path}: loads the optional peer ${dependency} with the module, so importing the package fails without it. ` +
          "Use `import type` and `await import(…)`.",
      ];
    });
  },
};

const SHARED_BY_SCHEMES = new Set(["./scheme-definition.js", "./checks.js"]);

const separateSchemes: Rule = {
  name: "schemes do not import one another",
  canary: {
    path: "packages/core/src/schemes/x.ts",
    text: 'import { greenList } from "./green-list.js";\n',
  },
  check({ path, text }) {
    if (!/^packages\/core\/src\/schemes\/(?!registry\.)/.test(path)) return [];
    return importsOf(text).flatMap(({ specifier }) =>
      !specifier.startsWith("./") || SHARED_BY_SCHEMES.has(specifier)
        ? []
        : [
            `${path}: imports ${specifier}: a scheme is one file, readable alone. ` +
              "Put what two schemes share beside contexts.ts or in prf/.",
          ],
    );
  },
};

const NONDETERMINISTIC =
  /\b(?:Math\.random|Date\.now|performance\.now|process\.env|new Date\(\)|randomUUID|getRandomValues|randomBytes)/g;

const deterministic: Rule = {
  name: "libraries take chance, time and environment as parameters",
  canary: {
    path: "packages/survival/src/x.ts",
    text: "export const roll = (): number => Math.random();\n",
  },
  check({ path, text }) {
    const name = sourcePackage(path);
    if (name === null || name === "cli") return [];
    return (codeOnly(text).match(NONDETERMINISTIC) ?? []).map(
      (what) =>
        `${path}: ${what}, but the same configuration must give the same bytes. ` +
        "Take a Random or a value as a parameter; cli is where the world comes in.",
    );
  },
};

const namedExports: Rule = {
  name: "exports have names",
  canary: { path: "packages/text/src/x.ts", text: "export default function read(): void {}\n" },
  check({ path, text }) {
    if (sourcePackage(path) === null || !/^export default\b/m.test(codeOnly(text))) return [];
    return [
      `${path}: default export: every importer would name it differently. Export it by name.`,
    ];
  },
};

const MUTABLE =
  /^(?:export )?(?:(?:let|var) \w+|const \w+(?::[^=]+)? = (?:\[\]|\{\}|new (?:Map|Set|WeakMap)(?:<[^=]*>)?\(\)));?/gm;

const stateless: Rule = {
  name: "modules hold no mutable state",
  canary: {
    path: "packages/core/src/x.ts",
    text: "const cache = new Map<string, number>();\n",
  },
  check({ path, text }) {
    if (sourcePackage(path) === null) return [];
    return (codeOnly(text).match(MUTABLE) ?? []).map(
      (what) =>
        `${path}: \`${what}\` at module level: two callers would share it. Put it into an object they make.`,
    );
  },
};

/** A kernel, a trainer or the checks of one vector file is one thing, and worse in two halves. */
const LONG_MODULES =
  /^packages\/(?:core\/assembly\/|survival\/src\/neural\/|conformance\/src\/families\/)/;

const shortModules: Rule = {
  name: "modules are short",
  canary: { path: "packages/text/src/x.ts", text: "\n".repeat(251) },
  check({ path, text }) {
    if (!/^packages\/[^/]+\/(?:src|assembly)\/.*\.ts$/.test(path)) return [];
    const limit = LONG_MODULES.test(path) ? 400 : 250;
    const lines = text.split("\n").length - 1;
    if (lines <= limit || path.endsWith("/wasm-bytes.ts")) return [];
    return [
      `${path}: ${lines} lines, more than ${limit}: nobody reads it in one sitting. ` +
        "Split it by what a caller may ignore, not by line count.",
    ];
  },
};

/** Spelt so that this file does not break the rule. */
const PRIVATE_PLACES =
  /(?<![\w.-])\/(?:work|root|home\/\w+)\/|\bregistry\.(?:npmjs|yarnpkg)\b|\bpypi\.org\b|\bfiles\.pythonhosted\b/g;

const placeless: Rule = {
  name: "no file names a machine's paths or a registry's host",
  canary: { path: "README.md", text: `see ${["", "work", "shared"].join("/")}\n` },
  check({ path, text }) {
    return (text.match(PRIVATE_PLACES) ?? []).map(
      (what) =>
        `${path}: "${what}" exists on one machine or for one network only. ` +
        "Use a path relative to the file, and a package manager's own configuration.",
    );
  },
};

/** The rules, each over one file. */
export const RULES: readonly Rule[] = [
  directions,
  inside,
  portableCore,
  declaredOnly,
  latePeers,
  separateSchemes,
  deterministic,
  namedExports,
  stateless,
  shortModules,
  placeless,
];
