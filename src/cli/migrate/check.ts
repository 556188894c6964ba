import type { CommandContext } from "../command";

export function run(_context: CommandContext): Promise<void> {
  return Promise.reject(new Error("not written yet"));
}
