// Where the peers' environment is.
import { existsSync, readFileSync } from "node:fs";

const here = (name) => new URL(name, import.meta.url).pathname;

/** Marks that both sides embed: profile, the project that deploys it, key in its notation. */
export const marks = JSON.parse(readFileSync(here("marks.json"), "utf8"));

/** The peers behind one interface. */
export const peers = here("peers.py");

export const PYTHON = process.env.PEERS_PYTHON ?? here(".env/bin/python");

if (!existsSync(PYTHON)) {
  console.error(
    `${PYTHON} does not exist: run sh bench/peers/live/setup.sh first, or set PEERS_PYTHON`,
  );
  process.exit(2);
}
