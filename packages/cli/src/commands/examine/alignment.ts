import { type Random, type Tokens, VerdigrisError } from "@verdigris/core";
import {
  type AlignmentKey,
  type KeySize,
  alignmentTest,
  mersenneExpKey,
  torchExpKey,
  torchItsKey,
} from "@verdigris/detector";
import { readTokenizer } from "@verdigris/text";
import { type Command, Option } from "commander";
import { readKeyFile } from "../../files.js";
import { type Io, locate } from "../../io.js";
import { keyFileOption, numberOption } from "../../options.js";
import { tokenisingHere } from "../../tokenising.js";
import { type ExamineOptions, examineCommand, read, report } from "./examination.js";

/** How each mark makes its key of a seed, and what an insertion or deletion costs in its authors' code. */
const MARKS: Readonly<
  Record<string, { readonly gap: number; key(seed: bigint, size: KeySize): AlignmentKey }>
> = {
  exp: { gap: 0, key: torchExpKey },
  its: { gap: 1, key: torchItsKey },
  "exp-mersenne": { gap: 0, key: mersenneExpKey },
};

interface AlignmentOptions extends ExamineOptions {
  readonly mark: string;
  readonly keyFile?: string;
  readonly tokenizer?: string;
  readonly V: number;
  readonly rows: number;
  readonly block?: number;
  readonly gap?: number;
  readonly resamples: number;
}

const whole = (max: number): { min: number; max: number; whole: true } => ({
  min: 1,
  max,
  whole: true,
});

/** `verdigris examine alignment`: EXP-edit and ITS-edit. */
export function alignmentCommand(io: Io, finish: (exitCode: number) => void): Command {
  return examineCommand("alignment", "EXP-edit and ITS-edit: align a text with a key's rows")
    .addOption(
      new Option("--mark <mark>", "exp, its: torch keys; exp-mersenne: the authors' demo, MarkLLM")
        .choices(Object.keys(MARKS))
        .makeOptionMandatory(),
    )
    .addOption(keyFileOption())
    .addOption(numberOption("--V <n>", "vocabulary size", whole(2 ** 19)).makeOptionMandatory())
    .addOption(numberOption("--rows <n>", "rows of the key", whole(65_536)).default(256))
    .addOption(
      numberOption("--block <k>", "tokens aligned at a time (default: all)", whole(65_536)),
    )
    .addOption(
      numberOption("--gap <g>", "cost of an insertion or deletion (default: the mark's own)", {
        min: 0,
        max: 1e6,
      }),
    )
    .addOption(numberOption("--resamples <n>", "fresh keys", whole(1e6)).default(99))
    .action(async (files: readonly string[], options: AlignmentOptions) => {
      finish(await align(io, files, options));
    });
}

async function align(io: Io, files: readonly string[], options: AlignmentOptions): Promise<number> {
  const { rows: n, V, resamples } = options;
  const { gap, key } = MARKS[options.mark];
  const seed = await seedOf(io, options.keyFile);
  const tokens = await tokensOf(io, files, options);
  const { randomStream } = await import("@verdigris/survival");
  const found = alignmentTest(key(seed, { n, V }), tokens, {
    k: options.block ?? tokens.length,
    gap: options.gap ?? gap,
    resamples,
    random: randomStream("alignment"),
    resample: (random) => key(freshSeed(random), { n, V }),
  });
  const { cost, block, shift } = found;
  const figures = { p: found.p, cost, block, shift, tokens: tokens.length, resamples };
  const notes = [`p is a rank among fresh keys: never 0, and never below 1/${resamples + 1}`];
  return report(io, { log10P: Math.log10(found.p), figures, notes }, options);
}

/** Only 32 bits of a seed reach either generator. */
function freshSeed(random: Random): bigint {
  return BigInt(Math.floor(random.next() * 2 ** 32));
}

async function seedOf(io: Io, keyFile: string | undefined): Promise<bigint> {
  const source = keyFile ?? "VERDIGRIS_KEY";
  const text =
    keyFile === undefined
      ? (io.env["VERDIGRIS_KEY"] ?? "")
      : await readKeyFile(io, locate(io, keyFile), 4200);
  if (!/^\d{1,19}$/.test(text.trim())) {
    throw new VerdigrisError(
      "KEY_INVALID",
      `${source}: expected a whole number, the seed of the key`,
    );
  }
  return BigInt(text.trim());
}

/** All texts, one after another. */
async function tokensOf(
  io: Io,
  files: readonly string[],
  { tokenizer: path, field, V }: AlignmentOptions,
): Promise<Tokens> {
  const open = async (): ReturnType<typeof readTokenizer> => {
    if (path !== undefined) return readTokenizer(locate(io, path));
    throw new TypeError("--tokenizer: expected a tokenizer.json for text without recorded tokens");
  };
  const texts = await read(io, files, {
    profile: { V, promptRule: "none" },
    tokenising: tokenisingHere(open),
    options: { stdin: io.stdin, field },
  });
  return Uint32Array.from(texts.flatMap(({ tokens }) => Array.from(tokens)));
}
