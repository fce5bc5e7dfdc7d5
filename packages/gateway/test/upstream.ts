/** An upstream on 127.0.0.1: speaks the engines' protocols, and misbehaves on demand. */
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as the upstream got it. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Record<string, unknown>;
}

export interface Upstream {
  readonly url: string;
  /** Requests so far. */
  readonly received: Received[];
  /** Responses whose connection the other side closed before they were done. */
  aborted: number;
  close(): Promise<void>;
}

export type Handler = (received: Received, response: ServerResponse) => void | Promise<void>;

/** Starts an upstream that answers with `handler`. */
export async function startUpstream(handler: Handler): Promise<Upstream> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const text = Buffer.concat(pieces).toString();
    const body = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
    const one = { path: request.url ?? "", headers: request.headers, body };
    received.push(one);
    response.on("close", () => {
      if (!response.writableEnded) upstream.aborted++;
    });
    await handler(one, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const upstream: Upstream = {
    url: `http://127.0.0.1:${port}`,
    received,
    aborted: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return upstream;
}

/** One chunk of a chat completion. */
export function chunk(
  content: string,
  more: {
    readonly index?: number;
    readonly ids?: readonly number[];
    readonly finish?: string;
  } = {},
): Record<string, unknown> {
  const { index = 0, ids, finish = null } = more;
  const choice = { index, delta: { content }, finish_reason: finish };
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "toy",
    choices: [ids === undefined ? choice : { ...choice, token_ids: ids }],
  };
}

/** The chunk that only counts. */
export function usage(completionTokens: number): Record<string, unknown> {
  const counted = { prompt_tokens: 1, completion_tokens: completionTokens, total_tokens: 1 };
  return { ...chunk(""), choices: [], usage: counted };
}

/** Events as an upstream writes them. */
export function events(
  values: readonly (string | Record<string, unknown>)[],
  newline = "\n",
): string {
  return values
    .map(
      (value) =>
        `data: ${typeof value === "string" ? value : JSON.stringify(value)}${newline}${newline}`,
    )
    .join("");
}

/** A whole chat completion. */
export function completion(...contents: readonly (string | null)[]): Record<string, unknown> {
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "toy",
    choices: contents.map((content, index) => ({
      index,
      message: { role: "assistant", content },
      finish_reason: "stop",
    })),
    usage: { prompt_tokens: 1, completion_tokens: 7, total_tokens: 8 },
  };
}

/** Answers as most upstreams do: streams `contents` if asked to, else sends them in one. */
export function speaking(...contents: readonly string[]): Handler {
  return ({ body }, response) => {
    if (body.stream !== true) {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(completion(contents.join(""))));
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    const spoken = contents.map((content) => chunk(content));
    response.end(events([...spoken, chunk("", { finish: "stop" }), "[DONE]"]));
  };
}
