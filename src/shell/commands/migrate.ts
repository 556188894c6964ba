import { notHere, usage } from "../errors";
import type { DotCommand } from "./command";

const COMMANDS = ["status", "up", "down", "generate", "create", "history", "current", "check", "redo"];

export const migrate: DotCommand = {
  name: "migrate",
  takes: "status|up|down|generate …",
  summary: "as retort migrate, without leaving",
  completions: () => COMMANDS,
  async run(argument, sitting) {
    const hook = sitting.options.migrate;
    if (!hook) throw notHere("migrations are not at hand here", "retort migrate status");
    if (argument === "") throw usage("migrate", `.migrate ${COMMANDS.slice(0, 4).join("|")}`);
    if (sitting.restrictions.sandbox)
      throw notHere("a migration cannot be taken back by a sandbox", "retort migrate up, outside");
    // An open transaction holds the lock that a migration needs: the two would wait for each other.
    if (sitting.db.session.inTransaction)
      throw notHere("a transaction is open here", "db.session.commit() or db.session.rollback() first");
    return (await hook.run(words(argument))) === 0;
  },
};

/** The words of a command line; quotes hold words together. */
export function words(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare!);
}
