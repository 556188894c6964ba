/*
 * The command lines of other tools (Flask-Migrate, Alembic, TypeORM, Rails, Django, Prisma, Sequelize, Knex, MikroORM, Laravel), and
 * the command of retort that does the same.
 */

const TOOLS =
  /^(?:retort|typeorm(?:-ts-node-(?:commonjs|esm))?|flask|alembic|(?:bin\/)?(?:rails|rake)|django-admin|manage\.py|prisma|sequelize(?:-cli)?|knex|mikro-orm|drizzle-kit|artisan)$/;

/** What starts a tool. */
const STARTERS =
  /^(?:\$|npx|bunx?|npm|yarn|pnpm|dlx|exec|run|node|bundle|python3?|php|poetry|uv|-m|-p|--|\.\/.*|.*\/manage\.py)$/;

/** The words of other tools, by what they are called here. A name follows `generate` and `create`. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  "migrate up": [
    "db upgrade",
    "upgrade",
    "migration:run",
    "migration:up",
    "migrations:run",
    "migrations:migrate",
    "migrate:latest",
    "migrate:up",
    "db:migrate",
    "migrate deploy",
    "migrate",
  ],
  "migrate down": [
    "db downgrade",
    "downgrade",
    "migration:revert",
    "migration:down",
    "migrate:rollback",
    "migrate:down",
    "db:rollback",
    "db:migrate:undo",
  ],
  "migrate generate": [
    "db migrate",
    "db revision",
    "revision",
    "migration:generate",
    "migrations:generate",
    "migrate dev",
    "makemigrations",
    "generate migration",
    "g migration",
    "db push",
    "push",
    "schema:sync",
    "schema:update",
  ],
  "migrate create": ["migration:create", "migrate:make", "make:migration"],
  "migrate status": [
    "migration:show",
    "migration:list",
    "migration:pending",
    "migrate:status",
    "migrate:list",
    "db:migrate:status",
    "showmigrations",
    "db current",
    "current",
    "db history",
    "history",
    "db heads",
  ],
  "migrate check": ["schema:log", "db check", "check", "migrate diff", "migration:check"],
  "migrate stamp": ["db stamp", "stamp"],
  shell: ["console", "c", "shell", "repl", "shell_plus", "dbconsole", "dbshell", "studio"],
  init: ["db init", "init"],
  inspect: ["db pull", "introspect", "inspectdb", "pull"],
  "run seed.ts": ["db seed", "db:seed", "seed:run", "seed"],
};

const MEANINGS = Object.entries(WORDS)
  .flatMap(([command, words]) => words.map((word) => [word, command] as const))
  .sort(([a], [b]) => b.length - a.length);

/** A command line of another tool. */
export interface OtherCommand {
  /** Whether it cannot be meant otherwise: a tool is named, or its words are no usual ones. */
  readonly isCertain: boolean;
  /** The words after `retort` that do the same; undefined where nothing does. */
  readonly command: string | undefined;
}

/**
 * What a command line of another tool means.
 * @param line as it was typed: `flask db upgrade`, `migration:run`, `npx prisma migrate dev --name posts`
 */
export function otherCommand(line: string): OtherCommand {
  const words = wordsOf(line);
  let start = 0;
  while (start < words.length && STARTERS.test(words[start]!)) start += 1;
  const isNamed = TOOLS.test(words[start] ?? "") || (start > 0 && /manage\.py$/.test(words[start - 1]!));
  if (TOOLS.test(words[start] ?? "")) start += 1;
  const rest = words.slice(start);
  const text = `${rest.join(" ")} `;
  const found = MEANINGS.find(([word]) => text.startsWith(`${word} `));
  if (!found || (found[0] === "migrate" && /^[^-]/.test(rest[1] ?? "")))
    return { isCertain: isNamed, command: undefined };
  const [word, command] = found;
  return {
    isCertain: isNamed || /[ :]|migrations$/.test(word),
    command: withName(command, rest.slice(word.split(" ").length)),
  };
}

/** The words of a command line; quotes group words. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare!);
}

/** A command that writes a file takes a name: that of `-m`, `--name`, `--message`, or the last part of a path. */
function withName(command: string, rest: readonly string[]): string {
  if (!/^migrate (?:generate|create)$/.test(command)) return command;
  const option = rest.findIndex((word) => /^(?:-m|-n|--message|--name)$/.test(word));
  const name = option < 0 ? rest.find((word) => /[\\/]\w+$/.test(word))?.replace(/^.*[\\/]/, "") : rest[option + 1];
  return `${command} ${name === undefined ? "NAME" : /^[\w-]+$/.test(name) ? name : `"${name.replace(/"/g, "")}"`}`;
}
