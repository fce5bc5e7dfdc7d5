import { describe, expect, it } from "vitest";
import { createMetrics } from "../src/metrics/index.js";
import { chat, gateway } from "./setup.js";
import { speaking, startUpstream } from "./upstream.js";

const figures = async ({
  handle,
}: ReturnType<typeof createMetrics>): Promise<Record<string, number>> => {
  const response = await handle(new Request("http://gateway/metrics"));
  expect(response.headers.get("content-type")).toContain("text/plain");
  const lines = (await response.text())
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]),
  );
};

describe("metrics", () => {
  it("count answers by what was decided and how they ended, and name nobody", async () => {
    const upstream = await startUpstream(speaking("Hello"));
    const metrics = createMetrics({ load: () => ({ running: 2, waiting: 1 }) });
    const { fetch } = gateway({ sink: metrics.counting({ write() {} }) });
    const url = `${upstream.url}/v1/chat/completions`;
    for (const body of [{}, { model: "toy" }, { tools: [{}] }])
      await (await fetch(url, chat(body))).text();
    await upstream.close();
    expect(await figures(metrics)).toEqual({
      'verdigris_answers_total{endpoint="chat",status="applied"}': 2,
      'verdigris_answers_total{endpoint="chat",status="tools"}': 1,
      'verdigris_answers_ended_total{outcome="complete"}': 3,
      verdigris_completion_tokens_total: 21,
      verdigris_records_lost_total: 0,
      'verdigris_requests{state="running"}': 2,
      'verdigris_requests{state="waiting"}': 1,
    });
    const text = await (await metrics.handle(new Request("http://gateway/metrics"))).text();
    for (const secret of ["acme", "vllm-gumbel", "0123456789abcdef"])
      expect(text).not.toContain(secret);
  });

  it("count records that are lost, and lose no error", async () => {
    const metrics = createMetrics();
    const sink = metrics.counting({ write: () => Promise.reject(new Error("disk full")) });
    const upstream = await startUpstream(speaking("Hello"));
    const { fetch, errors } = gateway({ sink });
    await (await fetch(`${upstream.url}/v1/chat/completions`, chat({}))).text();
    await upstream.close();
    expect((await figures(metrics))["verdigris_records_lost_total"]).toBe(2);
    expect(errors).toHaveLength(2);
  });
});
