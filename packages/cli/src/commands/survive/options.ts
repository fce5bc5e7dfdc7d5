import type { ShardName } from "@verdigris/survival";

/** Options of `verdigris survive`. */
export interface SurviveOptions {
  readonly config?: string;
  readonly out: string;
  readonly cache?: string;
  readonly workers: number;
  readonly shard?: ShardName;
  readonly queue?: boolean;
  readonly check?: string;
  readonly baseline?: string;
  readonly format: "text" | "json";
}
