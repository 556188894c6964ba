import { notHere, usage } from "../errors";
import type { DotCommand } from "./command";

const COMMANDS = ["status", "up", "down", "generate", "create", "history", "current", "check", "redo"];

export const migrate: DotCommand = {
  name: "migrate",
  takes: "status|up|down|generate …",
  summary: "runs a retort migrate command",
  completions: () => COMMANDS,
  async run(argument, shell) {
    const hook = shell.options.migrate;
    if (!hook) throw notHere("migrations are not available here", "retort migrate status");
    if (argument === "") throw usage("migrate", `.migrate ${COMMANDS.slice(0, 4).join("|")}`);
    if (shell.restrictions.sandbox)
      throw notHere("a sandbox cannot roll a migration back", "retort migrate up, outside of the shell");
    // An open transaction holds the lock that the migration waits for.
    if (shell.db.session.inTransaction)
      throw notHere("a transaction is open here", "db.session.commit() or db.session.rollback() first");
    return (await hook.run(words(argument))) === 0;
  },
};

/** The words of a command line; quotes group words. */
function words(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare!);
}
