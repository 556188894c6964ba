import type { RetortError } from "../../errors";
import { notHere, usage } from "../errors";
import type { Restrictions } from "../restrictions";
import type { DotCommand } from "./command";

const COMMANDS = ["status", "up", "down", "generate", "create", "history", "current", "check", "redo"];

/** Commands that write nothing into the database. */
const READS: ReadonlySet<string> = new Set(["status", "show", "history", "current", "create"]);

const TAKE_OVER = "retort init, retort inspect --out src/entities, retort migrate baseline";

export const migrate: DotCommand = {
  name: "migrate",
  takes: "status|up|down|generate …",
  summary: "runs a retort migrate command",
  completions: () => COMMANDS,
  async run(argument, shell) {
    const hook = shell.options.migrate;
    if (!hook) throw notHere("a database without a project has no migrations", TAKE_OVER);
    if (argument === "") throw usage("migrate", `.migrate ${COMMANDS.slice(0, 4).join("|")}`);
    const args = words(argument);
    const { restrictions } = shell;
    const isRestricted = restrictions.sandbox || restrictions.readOnly !== undefined;
    if (isRestricted && !READS.has(args[0]!)) throw mayWrite(args[0]!, restrictions);
    // An open transaction holds the lock that the migration waits for.
    if (shell.db.session.inTransaction)
      throw notHere("a transaction is open here", "db.session.commit() or db.session.rollback() first");
    return (await hook.run(args, isRestricted)) === 0;
  },
};

/** The words of a command line; quotes group words. */
function words(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare!);
}

function mayWrite(command: string, { sandbox, readOnly }: Restrictions): RetortError {
  const hint = `here: .migrate ${[...READS].filter((name) => name !== "show").join(", ")}; outside of the shell: retort migrate ${command}`;
  if (sandbox)
    return notHere(`a sandbox cannot roll a migration back, so .migrate ${command} does not run in it`, hint);
  const why =
    readOnly === "guarded" ? "the shell is read-only, since the database is not local" : "the shell is read-only";
  return notHere(`${why}, and .migrate ${command} may write`, hint);
}
