// Where the peers' environment is, and how to ask it.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const here = (name) => new URL(name, import.meta.url).pathname;
const PYTHON = process.env.PEERS_PYTHON ?? here(".env/bin/python");
const PEERS = here("peers.py");

/** Marks that both sides embed: profile, the project that deploys it, key in its notation. */
export const marks = JSON.parse(readFileSync(here("marks.json"), "utf8"));

/** What peers.py prints for a command and its input. */
export function peersJson(command, input) {
  const out = execFileSync(checkedPython(), [PEERS, command], {
    input: input === undefined ? "" : JSON.stringify(input),
    maxBuffer: 1 << 28,
    stdio: ["pipe", "pipe", "inherit"],
  });
  return JSON.parse(out);
}

/** A running peers.py that answers requests one by one. `env`: variables on top of this process's own. */
export function peerProcess(env = {}) {
  const child = spawn(checkedPython(), [PEERS, "serve"], {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error("peers.py has ended");
      return JSON.parse(value);
    },
    end: () => child.stdin.end(),
  };
}

function checkedPython() {
  if (existsSync(PYTHON)) return PYTHON;
  console.error(`${PYTHON} is missing: run sh bench/peers/live/setup.sh, or set PEERS_PYTHON`);
  process.exit(2);
}
