/** A handler behind HTTP, by @hono/node-server. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import type { RequestHandler } from "@verdigris/gateway/detection";
import { pouring } from "@verdigris/gateway/node";

/** Time for answers that are written to reach their readers, once the server stops. */
const FLUSH_MS = 2000;

/** A listening server. */
export interface Listening {
  readonly url: string;
  /** Takes no more connections; resolves when all are closed, by us if need be. */
  close(): Promise<void>;
}

/** Listens. @throws the system's error if the address is taken */
export async function listen(
  handle: RequestHandler,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Listening> {
  const fetch = await pouring(handle);
  const server = await new Promise<Server>((done, failed) => {
    const starting = serve({ fetch, hostname: host, port }, () => done(starting)) as Server;
    starting.once("error", failed);
  });
  const { address, family, port: actual } = server.address() as AddressInfo;
  const name = family === "IPv6" ? `[${address}]` : address;
  return { url: `http://${name}:${actual}`, close: () => close(server) };
}

function close(server: Server): Promise<void> {
  const late = setTimeout(() => server.closeAllConnections(), FLUSH_MS);
  return new Promise((resolve) => {
    server.close(() => {
      clearTimeout(late);
      resolve();
    });
    server.closeIdleConnections();
  });
}
