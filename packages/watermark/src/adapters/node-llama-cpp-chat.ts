import type { Tokens } from "@verdigris/core";
import type { ChatHistoryItem, LlamaModel, resolveChatWrapper } from "node-llama-cpp";

/** One turn of a conversation. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** Writes conversations by the template in a GGUF file, as its authors wrote it; null for a file without one. */
export function chatTemplate(
  model: LlamaModel,
  resolve: typeof resolveChatWrapper,
): (messages: readonly ChatMessage[]) => Tokens | null {
  const template = model.fileInfo.metadata.tokenizer.chat_template;
  if (typeof template !== "string") return () => null;
  // "auto" may take the library's own wrapper for the model's family, which adds tokens that the template has not.
  const wrapper = resolve(model, { type: "jinjaTemplate" });
  return (messages) => {
    const chatHistory = [...messages.map(turn), { type: "model" as const, response: [] }];
    const { contextText } = wrapper.generateContextState({ chatHistory });
    return Uint32Array.from(contextText.tokenize(model.tokenizer));
  };
}

function turn({ role, content }: ChatMessage): ChatHistoryItem {
  if (role === "assistant") return { type: "model", response: [content] };
  return { type: role, text: content };
}
