import { RetortError } from "../../errors";
import { isObject } from "../../values";
import type { SourceLocation } from "../evaluate/evaluator";
import { accessAt } from "../rewrite/access";
import { otherCommand } from "../../other-tools";

/*
 * Words of other shells, languages and ORMs that people try first, and what to type instead. They are looked up only after the input
 * failed: a name that the project defines has its own meaning.
 */

/** What the shell knows of the names in an input. */
export interface KnownNames {
  /** Whether a name is that of an entity. */
  isEntity(name: string): boolean;
  /** What a query of an entity is written as: `User.query`, or `db.query(User)` of a class with a `query` of its own. */
  queryOf(entity: string): string;
  /** The members of an expression, found by types: nothing is run. */
  members(expression: string): Iterable<string>;
  /** The name of some entity, for examples. */
  readonly entity: string;
  /** The entity that is meant by its name or that of its table, in small or capital letters. */
  entityCalled(name: string): string | undefined;
}

/** What to type instead, and what the input is where JavaScript's own message does not say it. */
export interface Advice {
  readonly hint: string;
  readonly message?: string;
}

/**
 * What to type instead of an input that failed; undefined where nothing is known.
 * @param input the input, where it is known
 */
export function adviceFor(
  error: unknown,
  location: SourceLocation | undefined,
  names: KnownNames,
  input = "",
): Advice | undefined {
  if (!isObject(error)) return undefined;
  if (error instanceof RetortError) return error.code === "query/criteria" ? comparisonAdvice(input) : undefined;
  if (location === undefined) return undefined;
  const { name, message } = error as Error;
  const line = lineAt(location);
  if (name === "SyntaxError")
    return (
      slashCommand(line, names) ??
      pythonAdvice(line) ??
      commandAdvice(line) ??
      wordsAdvice(line, names) ??
      sqlAdvice(line, location.text)
    );
  if (name === "ReferenceError") {
    const missing = /^(\S+) is not defined$/.exec(message)?.[1];
    if (missing === undefined) return undefined;
    const hint = insteadOfName(missing, names) ?? undefined;
    return hint === undefined ? (commandAdvice(line) ?? sqlAdvice(line, location.text)) : { hint };
  }
  return name === "TypeError" ? memberAdvice(message, location, names) : undefined;
}

/** What to type instead of a member that an entity class does not have and that is read without a call: `User.objects`. */
export function adviceForRead(text: string, names: KnownNames): Advice | undefined {
  const [, entity, member] = /^\s*(?:await\s+)?([\p{ID_Start}$_][\p{ID_Continue}$]*)\.(\w+)\s*;?\s*$/u.exec(text) ?? [];
  if (entity === undefined || !names.isEntity(entity)) return undefined;
  const instead = valueOf(OF_ENTITY, member!);
  return (
    instead && { message: `${entity} has no "${member}"`, hint: withQuery(instead(entity, "", entity), entity, names) }
  );
}

function lineAt({ text, offset }: SourceLocation): string {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  const end = text.indexOf("\n", offset);
  return text.slice(start, end < 0 ? undefined : end).trim();
}

const OPERATORS: Readonly<Record<string, string>> = {
  ">": "gt",
  ">=": "gte",
  "<": "lt",
  "<=": "lte",
  "==": "eq",
  "===": "eq",
  "!=": "ne",
  "!==": "ne",
};

/** `filter(User.c.age > 10)`: JavaScript has compared the column itself, and given a boolean. */
function comparisonAdvice(input: string): Advice | undefined {
  const [, column, operator, value] = /(\w+\.c\.[\w.]+)\s*([<>]=?|[!=]==?)\s*([^\s),&|]+)/.exec(input) ?? [];
  const method = operator === undefined ? undefined : valueOf(OPERATORS, operator);
  if (method === undefined) return undefined;
  return {
    message: `JavaScript's ${operator} does not compare columns`,
    hint: `${column}.${method}(${value})`,
  };
}

// SQL, and the commands of psql -----------------------------------------------------------------------------------------

const SQL =
  /^\(?\s*(?:select|insert\s+into|update\s+\S+\s+set|delete\s+from|with\s+\w+\s+as|show|explain|describe|desc|create|alter|drop|truncate|pragma|grant|revoke|vacuum|begin|start\s+transaction|use|set\s+\w+|table|values)\b/i;

function sqlAdvice(line: string, text: string): Advice | undefined {
  const sql = [text.trim(), line].find((one) => SQL.test(one));
  if (sql === undefined) return undefined;
  const shown = sql.replace(/;\s*$/, "").replace(/\s+/g, " ");
  const short = shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
  return {
    message: "this is SQL, and the prompt takes JavaScript",
    hint: short.includes("`") ? `db.session.execute("${short}")` : `sql\`${short}\``,
  };
}

/** psql's and mysql's commands. */
const SLASH_COMMANDS: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [/^\\q/, ".exit    (or Ctrl-D)"],
  [/^\\d[tvmisS+]*$|^\\d[tvmis]\b/, ".entities"],
  [/^\\d\+?\s/, ".entities"],
  [/^\\(?:h|\?)/, ".help"],
  [/^\\i\s+/, ".load FILE"],
  [/^\\e/, ".editor"],
  [/^\\timing/, ".timing"],
  [/^\\(?:s|history)/, ".history"],
  [/^\\/, ".help"],
];

function slashCommand(line: string, names: KnownNames): Advice | undefined {
  const found = SLASH_COMMANDS.find(([pattern]) => pattern.test(line));
  const table = /^\\d\+?\s+"?(?:\w+\.)?(\w+)/.exec(line)?.[1];
  const known = table === undefined ? undefined : names.entityCalled(table);
  const hint = known === undefined ? found?.[1] : `.schema ${known}`;
  return hint === undefined ? undefined : { message: `${line.split(/\s/, 1)[0]!} is no command of this prompt`, hint };
}

/** Python's loops, lists, branches, functions and lambdas, where JavaScript's parser has refused them, and the same in JavaScript. */
const PYTHON: readonly (readonly [pattern: RegExp, inJavaScript: string])[] = [
  [/^(?:async\s+)?for\s+([\w$]+)\s+in\s+([^:]+):\s*$/, "for (const $1 of $2) { … }"],
  [/^(?:async\s+)?for\s+([\w$]+)\s+in\s+(.+?):\s*(.+)$/, "for (const $1 of $2) $3"],
  [/^\[\s*(.+?)\s+for\s+([\w$]+)\s+in\s+(.+?)\s*\]$/, "$3.map($2 => $1)"],
  [/^(if|while)\s+([^({][^:]*):\s*$/, "$1 ($2) { … }"],
  [/^(if|while)\s+([^({].*?):\s*(.+)$/, "$1 ($2) $3"],
  [/^def\s+(\w+)\s*(\(.*\))\s*(?:->.*)?:.*$/, "function $1$2 { … }"],
  [/\blambda\s+([\w, ]*):\s*/, "($1) => "],
];

function pythonAdvice(line: string): Advice | undefined {
  const found = PYTHON.find(([pattern]) => pattern.test(line));
  return found && { message: "this is Python, and the prompt takes JavaScript", hint: line.replace(...found) };
}

// Words of command lines -------------------------------------------------------------------------------------------------

/** `help User`, `describe users`, `show tables`: on SQLite no SQL either. */
function wordsAdvice(line: string, names: KnownNames): Advice | undefined {
  const [, word, what = ""] =
    /^(help|man|describe|desc|show|source)\s+(?:table\s+)?["`]?([\w.$/-]+)["`]?\s*;?$/i.exec(line) ?? [];
  const entity = names.entityCalled(what) ?? what;
  switch (word?.toLowerCase()) {
    case "help":
    case "man":
      return { hint: `.help ${entity}` };
    case "describe":
    case "desc":
      return { hint: names.entityCalled(what) === undefined ? ".entities" : `.schema ${entity}` };
    case "show":
      return /^tables$/i.test(what) ? { hint: ".entities" } : undefined;
    case "source":
      return { hint: `.load ${what}` };
    default:
      return undefined;
  }
}

const OWN_COMMAND =
  /^(?:npx\s+)?(?:retort\s+)?(?:migrate|db)\s+((?:status|up|down|generate|create|redo|lint|verify)\b.*)$/;

const SYSTEM_COMMAND =
  /^(?:ls|cd|pwd|cat|git|npm|npx|yarn|pnpm|docker|psql|mysql|sqlite3|vim?|nano|code|man|sudo|mkdir|rm|cp|mv|grep|node|python3?)(?:\s|$)/;

/** Commands of retort, of other tools, and of the system, which are typed outside of the prompt. */
function commandAdvice(line: string): Advice | undefined {
  const own = OWN_COMMAND.exec(line)?.[1];
  if (own !== undefined) return { message: "commands of retort begin with a dot here", hint: `.migrate ${own}` };
  const { isCertain, command } = otherCommand(line);
  if (isCertain && command === "shell") return { message: "this is the prompt already", hint: ".help" };
  if (isCertain && command?.startsWith("migrate "))
    return { message: "migrations are commands here", hint: `.${command}` };
  if (isCertain && command !== undefined) return { message: OUTSIDE, hint: `retort ${command}    (${TO_SYSTEM})` };
  return isCertain || SYSTEM_COMMAND.test(line) ? { message: OUTSIDE, hint: TO_SYSTEM } : undefined;
}

const OUTSIDE = "this is a command of the system's shell, and the prompt takes JavaScript";
const TO_SYSTEM = "Ctrl-Z goes to the system's shell, fg comes back";

// Names -----------------------------------------------------------------------------------------------------------------

type Instead = (entity: string) => string;

const NAMES: Readonly<Record<string, Instead>> = {
  ...alike("exit quit logout bye q", () => ".exit    (or Ctrl-D)"),
  ...alike("help man h usage commands", () => ".help"),
  ...alike("clear cls", () => "Ctrl-L clears the screen"),
  ...alike("history", () => ".history"),
  ...alike("entities models tables", () => ".entities"),
  ...alike("schema desc describe", (entity) => `.schema ${entity}`),
  ...alike("reload", () => ".reload"),
  ...alike("migrate migrations", () => ".migrate status"),
  ...alike("commit COMMIT save", () => "db.session.commit()"),
  ...alike("rollback ROLLBACK", () => "db.session.rollback()"),
  ...alike("flush", () => "db.session.flush()"),
  ...alike("add", () => "db.session.add(object)"),
  ...alike("query select Query", (entity) => `${entity}.query.all()`),
  ...alike("dataSource AppDataSource connection getConnection", () => "db.dataSource"),
  ...alike("em entityManager manager getManager", () => "db.session, or db.dataSource.manager"),
  ...alike("repo repository getRepository", (entity) => `${entity}.query, or db.dataSource.getRepository(${entity})`),
  ...alike("prisma sequelize objects", (entity) => `${entity}.query.all()`),
  ...alike("Op Q F", (entity) => `${entity}.query.filter(or(${entity}.c.id.gt(1), …))`),
  ...alike("None nil NULL Null", () => "null"),
  ...alike("True TRUE", () => "true"),
  ...alike("False FALSE", () => "false"),
  ...alike("len", () => "list.length"),
  ...alike("dir", (entity) => `?${entity}`),
};

function alike(names: string, instead: Instead): Record<string, Instead> {
  return Object.fromEntries(names.split(" ").map((name) => [name, instead]));
}

function valueOf<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function insteadOfName(name: string, names: KnownNames): string | undefined {
  const instead = valueOf(NAMES, name);
  if (instead) return withQuery(instead(names.entity), names.entity, names);
  // userRepository, usersService
  const [, owner] = /^(\w+?)s?(?:Repository|Repo|Service|Model)$/i.exec(name) ?? [];
  const known = owner && [owner, `${owner[0]!.toUpperCase()}${owner.slice(1)}`].find((one) => names.isEntity(one));
  return known ? names.queryOf(known) : undefined;
}

// Members ---------------------------------------------------------------------------------------------------------------

/**
 * @param given the arguments as they were typed
 * @param entity the name of some entity
 */
type InsteadOfMember = (owner: string, given: string, entity: string) => string;

const filtered =
  (end: string): InsteadOfMember =>
  (entity, given) => {
    const condition = /^\{\s*where\s*:\s*(\{[^]*\})\s*\}$/.exec(given)?.[1] ?? given;
    return `${entity}.query${condition === "" ? "" : `.filterBy(${condition})`}${end}`;
  };
const stored: InsteadOfMember = () => "db.session.add(object), then db.session.commit()";
const removed: InsteadOfMember = () => "db.session.delete(object), then db.session.commit()";
const byKey: InsteadOfMember = (entity, given) => `${entity}.query.get(${given || "key"})`;

/** TypeORM's, Django's, Sequelize's, Prisma's, Rails' methods of entity classes. */
const OF_ENTITY: Readonly<Record<string, InsteadOfMember>> = {
  ...alikeMembers("find findAll findMany findBy all objects list", filtered(".all()")),
  ...alikeMembers("findOne findOneBy findFirst findUnique first last", filtered(".first()")),
  ...alikeMembers("findOneOrFail findOneByOrFail findFirstOrThrow", filtered(".one()")),
  ...alikeMembers("findByPk findById findByIds findOneById getById get", byKey),
  ...alikeMembers("findAndCount findAndCountBy findAndCountAll", (entity) => `${entity}.query.paginate()`),
  ...alikeMembers("where filter filterBy filter_by", filtered(".all()")),
  ...alikeMembers("count countBy", filtered(".count()")),
  ...alikeMembers("exists exist existsBy", filtered(".exists()")),
  ...alikeMembers("order orderBy order_by", (entity, given) => `${entity}.query.orderBy(${given || "'id'"}).all()`),
  ...alikeMembers("limit take", (entity, given) => `${entity}.query.limit(${given || "10"}).all()`),
  ...alikeMembers(
    "create build insert",
    (entity, given) => `u = ${entity}(${given || "{ … }"}), then db.session.add(u)`,
  ),
  ...alikeMembers("save upsert", stored),
  ...alikeMembers("delete remove destroy softDelete softRemove", removed),
  ...alikeMembers("update", (entity) => `${entity}.query.filterBy({ … }).update({ … })`),
  ...alikeMembers(
    "createQueryBuilder getRepository",
    (entity) => `${entity}.query, or db.dataSource.getRepository(${entity}).createQueryBuilder()`,
  ),
};

const renamed =
  (method: string): InsteadOfMember =>
  (query, given) =>
    `${query}.${method}(${given})`;

/** TypeORM's, Django's, SQLAlchemy's and Knex's methods of queries. */
const OF_QUERY: Readonly<Record<string, InsteadOfMember>> = {
  ...alikeMembers("where andWhere filter_by having", (query, given) => `${query}.${conditionMethod(given)}(${given})`),
  ...alikeMembers("find findBy getMany toArray toList fetch execute run exec rows list", renamed("all")),
  ...alikeMembers("findOne findOneBy getOne one_or_none single fetchone", renamed("first")),
  ...alikeMembers("getOneOrFail findOneOrFail", renamed("one")),
  ...alikeMembers("order order_by orderby sort addOrderBy sortBy", renamed("orderBy")),
  ...alikeMembers("take top", renamed("limit")),
  ...alikeMembers("skip", renamed("offset")),
  ...alikeMembers("getCount length size len", renamed("count")),
  ...alikeMembers("exist getExists", renamed("exists")),
  ...alikeMembers(
    "include relations leftJoinAndSelect innerJoinAndSelect populate prefetch_related select_related joinedload with preload",
    (query, given) => `${query}.options(joined(${given || "'relation'"}))`,
  ),
  ...alikeMembers("getSql getQuery toSql sql", (query) => `.sql ${query}`),
};

/** Flask-Migrate's, Flask-SQLAlchemy's and TypeORM's words for the database. */
const OF_DATABASE: Readonly<Record<string, InsteadOfMember>> = {
  ...alikeMembers("migrate revision makeMigration", () => ".migrate generate"),
  ...alikeMembers("upgrade runMigrations", () => ".migrate up"),
  ...alikeMembers("downgrade undoLastMigration", () => ".migrate down"),
  ...alikeMembers("init stamp current history showMigrations", () => ".migrate status"),
  ...alikeMembers("create_all createAll synchronize sync", () => ".migrate generate, then .migrate up"),
  ...alikeMembers("drop_all dropAll dropDatabase", () => ".migrate down"),
  ...alikeMembers("add save persist", (_, given) => `db.session.add(${given || "object"})`),
  ...alikeMembers("delete remove", (_, given) => `db.session.delete(${given || "object"})`),
  ...alikeMembers("commit", () => "db.session.commit()"),
  ...alikeMembers("rollback", () => "db.session.rollback()"),
  ...alikeMembers("flush", () => "db.session.flush()"),
  ...alikeMembers("execute raw", (_, given) => `db.session.execute(${given})`),
};

/** TypeORM's, MikroORM's, Hibernate's and Django's words for a session. */
const OF_SESSION: Readonly<Record<string, InsteadOfMember>> = {
  ...alikeMembers("save persist insertOrUpdate create_all bulk_save_objects", () => "db.session.add(object)"),
  ...alikeMembers("remove destroy", () => "db.session.delete(object)"),
  ...alikeMembers("saveChanges persistAndFlush", () => "db.session.commit()"),
  ...alikeMembers("find findAll findBy findOne findOneBy select", (_, __, entity) => `${entity}.query.all()`),
  ...alikeMembers("clear reset", () => "db.session.expungeAll()"),
  ...alikeMembers("transactional", () => "db.session.transaction(work)"),
};

function alikeMembers(names: string, instead: InsteadOfMember): Record<string, InsteadOfMember> {
  return Object.fromEntries(names.split(" ").map((name) => [name, instead]));
}

function conditionMethod(given: string): string {
  return given === "" || given.startsWith("{") || /^\w+\s*=[^=]/.test(given) ? "filterBy" : "filter";
}

function memberAdvice(message: string, location: SourceLocation, names: KnownNames): Advice | undefined {
  // `User.objects.all()`: what is undefined is `User.objects`.
  const read = /^Cannot read properties of undefined \(reading '(.*)'\)/.exec(message)?.[1];
  const access = accessAt(location.text, location.offset, read);
  if (/ is not a function$/.test(message) && continuesBefore(location)) return { hint: CONTINUES };
  if (access?.object === undefined) return undefined;
  if (read !== undefined) return adviceForRead(access.object, names);
  if (!/ is not a function/.test(message)) return undefined;
  const given = argumentsOf(location.text, access.object, access.name);
  const [, owner] = /^([\p{ID_Continue}$]+)\.query$/u.exec(access.object) ?? [];
  if (owner !== undefined && names.isEntity(owner) && names.queryOf(owner) !== access.object)
    return {
      message: `${access.object} is a method of TypeORM's BaseEntity, which sends SQL`,
      hint: `${names.queryOf(owner)}.${access.name}(${given})`,
    };
  const instead = valueOf(wordsFor(access.object, names), access.name);
  const about = names.isEntity(access.object) ? access.object : names.entity;
  return instead && { hint: withQuery(instead(access.object, given, names.entity), about, names) };
}

function withQuery(hint: string, entity: string, names: KnownNames): string {
  return names.isEntity(entity) ? hint.replaceAll(`${entity}.query`, names.queryOf(entity)) : hint;
}

/** The words of others for the members of an expression; which kind it is, its own members tell. */
function wordsFor(expression: string, names: KnownNames): Readonly<Record<string, InsteadOfMember>> {
  if (names.isEntity(expression)) return OF_ENTITY;
  const members = new Set(names.members(expression));
  if (members.has("filterBy")) return OF_QUERY;
  if (members.has("dataSource")) return OF_DATABASE;
  return members.has("flush") ? OF_SESSION : {};
}

const CONTINUES = "a line that begins with ( or ` continues the line before it; end that line with a semicolon";

/** Whether what is called ends its line, and the arguments begin the next one. */
function continuesBefore({ text, offset }: SourceLocation): boolean {
  return /^[^\n]*\n\s*[(`]/.test(text.slice(offset));
}

/** Characters of arguments that are repeated in a hint. */
const MAX_ARGUMENTS = 60;

/** The arguments of a call as they were typed; empty where they are long. */
function argumentsOf(text: string, object: string, member: string): string {
  const call = `${object}.${member}`;
  const start = text.indexOf(call);
  const open = text.indexOf("(", start + call.length);
  if (start < 0 || open < 0 || text.slice(start + call.length, open).trim() !== "") return "";
  let depth = 0;
  for (let at = open; at < text.length && at - open <= MAX_ARGUMENTS; at++) {
    if ("([{".includes(text[at]!)) depth += 1;
    if (")]}".includes(text[at]!)) depth -= 1;
    if (depth === 0)
      return text
        .slice(open + 1, at)
        .replace(/\s+/g, " ")
        .trim();
  }
  return "";
}
