import type { Command, CommandContext, CommandOption } from "../command";
import { parseDuration } from "./duration";

const json: CommandOption = { flags: "--json", summary: "print the result as one JSON object" };
const dryRun: CommandOption = { flags: "--dry-run", summary: "print the plan, run nothing" };
const sql: CommandOption = { flags: "--sql", summary: "print the statements, run nothing" };
const yes: CommandOption = { flags: "-y, --yes", summary: "do not ask" };
const lockTimeout: CommandOption = {
  flags: "--lock-timeout <seconds>",
  summary: "how long to wait for another run to end (default: 10)",
  parse: parseDuration,
};
const ddlLockTimeout: CommandOption = {
  flags: "--ddl-lock-timeout <seconds>",
  summary: "how long a statement waits for a lock of the database, three times (default: 5)",
  parse: parseDuration,
};
const transaction: CommandOption = {
  flags: "--transaction <mode>",
  summary: "one transaction for all migrations, one for each, or none (default: each)",
  choices: ["all", "each", "none"],
};
const strict: CommandOption = { flags: "--strict", summary: "refuse to run when an applied migration was edited" };
const noLint: CommandOption = { flags: "--no-lint", summary: "do not check beforehand whether a migration must fail" };
const message: CommandOption = { flags: "-m, --message <name>", summary: "the migration's name" };

const requireProof: CommandOption = {
  flags: "--require-proof",
  summary: "write nothing where it cannot be tried on a scratch database",
};

/** Options of the commands that run migrations. */
const running = [transaction, lockTimeout, ddlLockTimeout, json];

const targets = `A target is head, base, +N, -N, a timestamp or a name, each by any unique prefix.`;

export const init: Command = {
  name: "init",
  summary: "creates what is missing to open the project: the data source, migrations/, packages",
  details: `In an empty folder: npx -p typeorm-retort retort init, then npx retort. In a NestJS application, a file that starts its module without
listening. Nothing that exists is changed; on a terminal everything is shown first.`,
  options: [
    { flags: "--database <kind>", summary: "of a new data source", choices: ["sqlite", "postgres", "mysql"] },
    { flags: "--url <url>", summary: "its address, written to .env as DATABASE_URL" },
    { flags: "--no-install", summary: "install no packages" },
    { flags: "--dry-run", summary: "show what would be written, write nothing" },
    yes,
    json,
  ],
  load: () => require("../init/init") as typeof import("../init/init"),
};

const generate: Command = {
  name: "generate",
  hiddenAliases: ["revision"],
  arguments: "[name...]",
  summary: "writes a migration from the difference of entities and database",
  options: [
    message,
    {
      flags: "--rename <old:new>",
      summary: "a column or entity was renamed: User.name:fullName, OldEntity:NewEntity",
      repeatable: true,
    },
    { flags: "--drop <what>", summary: "drop it with its rows: User.legacy, User", repeatable: true },
    {
      flags: "--backfill <column=value>",
      summary: "the value for existing rows in a column that becomes NOT NULL: User.age=0",
      repeatable: true,
    },
    {
      flags: "--batched",
      summary:
        "rows get the values of --backfill 10,000 at a time, outside of a transaction; a killed run goes on there",
    },
    requireProof,
    dryRun,
    json,
  ],
  load: () => require("./generate") as typeof import("./generate"),
};

const create: Command = {
  name: "create",
  arguments: "[name...]",
  summary: "writes an empty migration",
  options: [message, json],
  load: () => require("./create") as typeof import("./create"),
};

const up: Command = {
  name: "up",
  aliases: ["upgrade"],
  arguments: "[target]",
  summary: "brings the database up to a migration (default: head)",
  details: `${targets} +N are the next N.`,
  options: [sql, dryRun, strict, noLint, ...running, yes],
  load: () => require("./up") as typeof import("./up"),
};

const down: Command = {
  name: "down",
  aliases: ["downgrade"],
  arguments: "[target]",
  summary: "rolls back what came after a migration (default: -1, the last one)",
  details: `${targets} -N are the last N; base rolls back all.`,
  options: [sql, dryRun, strict, noLint, ...running, yes],
  load: () => require("./down") as typeof import("./down"),
};

const redo: Command = {
  name: "redo",
  arguments: "[count]",
  summary: "rolls the last N migrations back and applies them again (default: 1)",
  options: [dryRun, strict, noLint, ...running, yes],
  load: () => require("./redo") as typeof import("./redo"),
};

const status: Command = {
  name: "status",
  aliases: ["show"],
  summary: "lists applied, pending, missing, edited and out-of-order migrations",
  options: [{ flags: "--check", summary: "exit with 3 when migrations are pending" }, json],
  load: () => require("./status") as typeof import("./status"),
};

const history: Command = {
  name: "history",
  summary: "lists migrations in the order in which they were applied, the last one first",
  options: [json],
  load: () => require("./history") as typeof import("./history"),
};

const current: Command = {
  name: "current",
  summary: "shows the migration that was applied last",
  options: [json],
  load: () => require("./current") as typeof import("./current"),
};

const stamp: Command = {
  name: "stamp",
  arguments: "<target>",
  summary: "sets the history without running anything",
  details: `${targets}`,
  options: [
    { flags: "--purge", summary: "clear the history first, with entries that have no file" },
    dryRun,
    lockTimeout,
    json,
  ],
  load: () => require("./stamp") as typeof import("./stamp"),
};

const baseline: Command = {
  name: "baseline",
  arguments: "[name...]",
  summary: "takes over a database that was not made by migrations",
  details: `Writes the migration that creates the schema as it is, tried on an empty scratch database, and marks it as applied without
running it. What entities and database do not have in common is listed.`,
  options: [
    message,
    { flags: "--purge", summary: "take the place of applied migrations that have no file" },
    requireProof,
    sql,
    dryRun,
    lockTimeout,
    json,
  ],
  load: () => require("./baseline") as typeof import("./baseline"),
};

const check: Command = {
  name: "check",
  summary: "compares the entities with the database (exit 4: they differ)",
  options: [json],
  load: () => require("./check") as typeof import("./check"),
};

const verify: Command = {
  name: "verify",
  summary: "runs every migration up and down on a scratch database",
  options: [json],
  load: () => require("./verify") as typeof import("./verify"),
};

const lint: Command = {
  name: "lint",
  arguments: "[target]",
  summary: "lists what pending migrations would lose, rebuild or fail on, with row counts",
  options: [json],
  load: () => require("./lint") as typeof import("./lint"),
};

const squash: Command = {
  name: "squash",
  arguments: "<range>",
  summary: "writes one migration for many (FIRST..LAST), proven to do the same",
  options: [message, dryRun, json],
  load: () => require("./squash") as typeof import("./squash"),
};

/** The command with advice where the database refuses a statement of it, as far as no migration is to blame. */
function advised(command: Command): Command {
  const load = () => {
    const { run } = command.load!();
    const work = async (context: CommandContext) => {
      try {
        return await run(context);
      } catch (error) {
        const { refusal } = require("./refusal") as typeof import("./refusal");
        throw await refusal(context, `retort migrate ${command.name}`, error);
      }
    };
    return { run: work };
  };
  return { ...command, load };
}

/** `retort migrate …`, and `retort db …` for Flask's habits. */
export const migrate: Command = {
  name: "migrate",
  aliases: ["db"],
  summary: "writes and runs migrations",
  commands: [
    init,
    ...[generate, create, up, down, redo, status, history, current, stamp, baseline, check, verify, lint, squash].map(
      advised,
    ),
  ],
};
