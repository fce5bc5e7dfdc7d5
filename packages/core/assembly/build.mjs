// Builds the SIMD kernel and writes it as a TypeScript constant. Run: pnpm --filter @verdigris/core build:kernel
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import asc from "assemblyscript/asc";

const directory = new URL(".", import.meta.url).pathname;
const target = new URL("../src/prf/wasm-bytes.ts", import.meta.url);

/** Compiles assembly/kernel.ts and returns the source text of src/prf/wasm-bytes.ts. */
export async function kernelSource() {
  const { error, stderr, binary } = await compile();
  if (error !== null) throw new Error(`assembly/kernel.ts does not compile: ${stderr}`);
  const base64 = Buffer.from(binary).toString("base64");
  return `// Generated from assembly/kernel.ts by assembly/build.mjs; a test rebuilds it and compares.\nexport const WASM_BASE64 =\n  "${base64}";\n`;
}

async function compile() {
  let binary;
  const result = await asc.main(
    [
      "kernel.ts",
      "--outFile",
      "kernel.wasm",
      "-O3",
      "--runtime",
      "stub",
      "--noAssert",
      "--enable",
      "simd",
      "--initialMemory",
      "322",
      "--maximumMemory",
      "322",
      "--use",
      "abort=",
    ],
    {
      baseDir: directory,
      readFile: (name) =>
        existsSync(directory + name) ? readFileSync(directory + name, "utf8") : null,
      writeFile: (_name, contents) => {
        binary = contents;
      },
    },
  );
  return { error: result.error, stderr: result.stderr.toString(), binary };
}

if (process.argv[1] === new URL(import.meta.url).pathname)
  writeFileSync(target, await kernelSource());
