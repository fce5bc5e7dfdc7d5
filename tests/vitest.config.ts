import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Tests run against the sources, so that no test can pass on a stale build. */
export default defineConfig({
  root,
  resolve: {
    alias: [
      {
        find: "@verdigris/watermark/node-llama-cpp",
        replacement: `${root}packages/watermark/src/adapters/node-llama-cpp.ts`,
      },
      {
        find: "@verdigris/gateway/node",
        replacement: `${root}packages/gateway/src/adapters/node.ts`,
      },
      { find: /^@verdigris\/(\w+)\/(\w+)$/, replacement: `${root}packages/$1/src/$2/index.ts` },
      { find: /^@verdigris\/(\w+)$/, replacement: `${root}packages/$1/src/index.ts` },
      { find: /^verdigris$/, replacement: `${root}packages/cli/src/index.ts` },
    ],
  },
  test: {
    include: ["packages/*/test/**/*.test.ts", "tests/**/*.test.ts"],
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
