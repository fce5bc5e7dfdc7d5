import { Command } from "commander";
import type { Io } from "../../io.js";
import { addCommand } from "./add.js";
import { changeCommands } from "./change.js";
import { listCommand } from "./list.js";
import { sealCommand } from "./seal.js";

/** `verdigris keys`: a provider's tenants and the epochs of their keys. */
export function keysCommand(io: Io): Command {
  const command = new Command("keys").description(
    "tenants, groups and the epochs of their keys, all derived from one master key",
  );
  for (const sub of [addCommand(io), listCommand(io), ...changeCommands(io), sealCommand(io)]) {
    command.addCommand(sub);
  }
  return command;
}
