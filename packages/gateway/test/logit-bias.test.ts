import { readFileSync } from "node:fs";
import { type Profile, bindScheme, createKernel, keyFromText, parseProfile } from "@verdigris/core";
import { detect } from "@verdigris/detector";
import seedrandom from "seedrandom";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { logitBiasMark } from "../src/index.js";
import { POLICY, chat, gateway } from "./setup.js";
import { type Upstream, completion, startUpstream } from "./upstream.js";

const profileOf = (name: string): Profile =>
  parseProfile(
    JSON.parse(
      readFileSync(new URL(`../../../fixtures/profiles/${name}.json`, import.meta.url), "utf8"),
    ),
  );
const profile = profileOf("unigram");
const [key, wrongKey] = ["42", "43"].map((text) => keyFromText(profile, text));
const scheme = bindScheme(profile, key, createKernel());
/** The tokens the toy model writes. */
const TOKENS = Uint32Array.from({ length: 700 }, (_, i) => 100 + i);

/** Draws tokens, all equally likely but for the request's own bias. */
function sample(bias: Record<string, number>, n: number, random: () => number): number[] {
  const weights = Array.from(TOKENS, (token) => Math.exp(bias[token] ?? 0));
  const total = weights.reduce((a, b) => a + b);
  return Array.from({ length: n }, () => {
    let left = random() * total;
    return TOKENS[weights.findIndex((weight) => (left -= weight) < 0)];
  });
}

let upstream: Upstream;
const random = seedrandom("toy");
beforeAll(async () => {
  upstream = await startUpstream(({ body }, response) => {
    const answer = completion("…") as { choices: Record<string, unknown>[] };
    answer.choices[0].token_ids = sample(
      (body.logit_bias ?? {}) as Record<string, number>,
      300,
      random,
    );
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer));
  });
});
afterAll(() => upstream.close());

async function ask(fetch: typeof globalThis.fetch, body: object): Promise<Uint32Array> {
  const response = await fetch(`${upstream.url}/v1/chat/completions`, chat(body));
  const { choices } = (await response.json()) as { choices: { token_ids: number[] }[] };
  return Uint32Array.from(choices[0].token_ids);
}

describe("logitBiasMark", () => {
  const mark = logitBiasMark(scheme, { tokens: TOKENS });
  const { fetch } = gateway({ policy: { ...POLICY, mark } });
  const kindOf = (tokens: Uint32Array, of = key): string =>
    detect(profile, of, [{ tokens }], { decoys: 0 }).kind;

  it("marks what an upstream writes that follows the bias: its key finds it, no other does", async () => {
    const tokens = await ask(fetch, {});
    expect(kindOf(tokens)).toBe("detected");
    expect(kindOf(tokens, wrongKey)).toBe("not-detected");
    expect(kindOf(await ask(globalThis.fetch, {}))).toBe("not-detected");
  });

  it("biases green tokens only, no more than the upstream takes", async () => {
    await ask(fetch, {});
    const sent = upstream.received.at(-1)?.body.logit_bias as Record<string, number>;
    expect(Object.keys(sent)).toHaveLength(300);
    expect(new Set(Object.values(sent))).toEqual(new Set([2]));
    const logits = new Float32Array(300);
    scheme.reweight(new Uint32Array(0), logits, Uint32Array.from(Object.keys(sent), Number));
    expect(logits.every((value) => value === 2)).toBe(true);
  });

  it("does not let the client bias against it", async () => {
    const green = Object.keys(mark.on({}, "chat")?.logit_bias as object);
    const against = Object.fromEntries(green.map((token) => [token, -100]));
    expect(kindOf(await ask(fetch, { logit_bias: against }))).toBe("detected");
  });

  it("keeps the client's other biases while there is room, and says so when there is none", async () => {
    const roomy = logitBiasMark(scheme, { tokens: TOKENS.subarray(0, 20) });
    expect(roomy.on({ logit_bias: { 5: -100 } }, "chat")?.logit_bias).toMatchObject({ 5: -100 });
    const response = await fetch(
      `${upstream.url}/v1/chat/completions`,
      chat({ logit_bias: { 5: -100 } }),
    );
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: {
        param: "logit_bias",
        message: "logit_bias: the mark leaves room for 0 entries of yours",
      },
    });
  });

  it("refuses a scheme whose list depends on the context, and tokens without a green one", () => {
    const deep = profileOf("vllm-gumbel");
    const gumbel = bindScheme(deep, keyFromText(deep, "42"), createKernel());
    expect(() => logitBiasMark(gumbel, { tokens: TOKENS })).toThrow(
      /^scheme: expected one list .* got h = 4$/,
    );
    expect(() => logitBiasMark(scheme, { tokens: new Uint32Array(0) })).toThrow(
      /^tokens: expected a green token/,
    );
  });
});
