/** One example of supervised fine-tuning: what was asked, what the teacher answered. */
export interface Example {
  readonly prompt: string;
  readonly answer: string;
}

/** Companion files of a dataset by name, such as the description a trainer looks for. */
export type Companions = Readonly<Record<string, string>>;

/** How a trainer wants its examples: one JSON value a line, and what lies beside them. */
export interface DatasetFormat {
  readonly name: string;
  record(example: Example): unknown;
  /** @param dataset name of the dataset, @param file its JSONL file, beside the companions */
  companions(dataset: string, file: string): Companions;
}

/** One turn of a chat, as most trainers spell it. */
export function chatTurn(role: "user" | "assistant", content: string): object {
  return { role, content };
}
