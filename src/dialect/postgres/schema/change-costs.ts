import type { QueryRunner } from "typeorm";
import { quotedText } from "../../literals";
import { type ChangeCost, type ChangeCosts, type TableChange, rowsOf } from "../../schema/change-cost";
import { isTrivia, nameIn, postgresQuoting, tokenize } from "../../schema/tokens";

/** Aliases of types → their names in the catalog. */
const ALIASES: Readonly<Record<string, string>> = {
  varchar: "character varying",
  char: "character",
  bpchar: "character",
  int: "integer",
  int4: "integer",
  int8: "bigint",
  int2: "smallint",
  decimal: "numeric",
  timestamptz: "timestamp with time zone",
  timestamp: "timestamp without time zone",
  timetz: "time with time zone",
  time: "time without time zone",
  varbit: "bit varying",
  bool: "boolean",
  float8: "double precision",
  float4: "real",
};

/** Types whose values stay as they are where the length or precision grows, or has no limit any more. */
const WIDENED =
  /^(character varying|bit varying|numeric|timestamp with(out)? time zone|time with(out)? time zone|interval)$/;

const SERIAL = /^(small|big)?serial\b/i;

/** PostgreSQL: what reads or writes every row under a lock, and the way round it. */
export const changeCosts: ChangeCosts = {
  async size(runner, table) {
    const [row] = (await runner.query(
      `SELECT GREATEST(c.reltuples::bigint, s.n_live_tup) AS rows, pg_total_relation_size(c.oid) AS bytes
         FROM pg_class c LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
        WHERE c.oid = to_regclass(${quotedText(table)})`,
    )) as { rows: unknown; bytes: unknown }[];
    return row && { rows: await rowsOf(runner, table, Number(row.rows)), bytes: Number(row.bytes) };
  },
  costOf,
};

async function costOf(runner: QueryRunner, table: string, change: TableChange): Promise<ChangeCost | undefined> {
  switch (change.kind) {
    case "addColumn": {
      const why = await whyAddingRewrites(runner, change.definition);
      return why === undefined ? undefined : rewrites(`${why}; add it without that, and fill it in batches`);
    }
    case "changeType":
      return (await isFree(runner, table, change))
        ? undefined
        : rewrites(
            `its column "${change.column}" gets another type; a new column that is filled in batches locks less`,
          );
    case "setNotNull":
      return (await isKnownNotNull(runner, table, change.column))
        ? undefined
        : reads(
            `nobody gets in, for NOT NULL of "${change.column}"; ADD CHECK (… IS NOT NULL) NOT VALID, then VALIDATE CONSTRAINT, then SET NOT NULL reads nothing`,
          );
    case "foreignKey":
      return reads(
        `writes to it and to "${change.parent}" wait, for the foreign key; add it NOT VALID, and VALIDATE CONSTRAINT in a later migration`,
      );
    case "check":
      return reads("nobody gets in, for the check; add it NOT VALID, and VALIDATE CONSTRAINT in a later migration");
    case "unique":
    case "primaryKey":
      return reads(
        "nobody gets in, for the index of the constraint; CREATE UNIQUE INDEX CONCURRENTLY with transaction = false, then ADD CONSTRAINT … USING INDEX",
      );
    case "index":
      return reads("writes wait, for the index; use CREATE INDEX CONCURRENTLY with transaction = false");
    case "updateAll":
      return rewrites("one UPDATE changes all of it, and keeps its rows locked until the end; fill it in batches", "");
    default:
      return undefined;
  }
}

function reads(why: string): ChangeCost {
  return { rewrites: false, text: `is read whole while ${why}` };
}

function rewrites(why: string, lead = "is written anew while nobody gets in, because "): ChangeCost {
  return { rewrites: true, text: lead === "" ? `is written row by row: ${why}` : lead + why };
}

/** A default that is the same for every row is kept in the catalog; others are computed for each. */
async function whyAddingRewrites(runner: QueryRunner, definition: string): Promise<string | undefined> {
  if (SERIAL.test(definition)) return "the new column is numbered";
  const tokens = tokenize(definition, postgresQuoting).filter((token) => !isTrivia(token));
  const words = tokens.map(({ text }) => text.toLowerCase());
  const generated = words.indexOf("generated");
  if (generated >= 0) return `the new column is ${words.includes("identity") ? "numbered" : "generated"}`;
  if (!words.includes("default")) return undefined;
  const called = tokens
    .filter((token, at) => token.kind === "word" && words[at + 1] === "(" && at > words.indexOf("default"))
    .map(({ text }) => nameIn(text).toLowerCase());
  if (called.length === 0) return undefined;
  const [row] = (await runner.query(
    `SELECT bool_or(provolatile = 'v') AS volatile FROM pg_proc WHERE proname IN (${called.map(quotedText).join(", ")})`,
  )) as { volatile: boolean | null }[];
  return row?.volatile ? "the default of the new column is another value for every row" : undefined;
}

async function isFree(
  runner: QueryRunner,
  table: string,
  { column, type, using }: Extract<TableChange, { kind: "changeType" }>,
): Promise<boolean> {
  const [row] = (await runner.query(
    `SELECT format_type(atttypid, atttypmod) AS type FROM pg_attribute
      WHERE attrelid = to_regclass(${quotedText(table)}) AND attname = ${quotedText(column)} AND NOT attisdropped`,
  )) as { type: string }[];
  if (!row || (using !== undefined && nameIn(using.trim()) !== column)) return false;
  const [before, after] = [typeOf(row.type), typeOf(type)];
  if (before.name === after.name && before.args.join() === after.args.join()) return true;
  if (before.name === "character varying" && after.name === "text") return true;
  if (before.name === "text" && after.name === "character varying") return after.args.length === 0;
  if (before.name !== after.name || !WIDENED.test(after.name)) return false;
  if (after.args.length === 0) return true;
  const [size = Infinity, scale = 0] = before.args;
  return after.args[0]! >= size && (after.args[1] ?? 0) === scale;
}

/** `varchar(20)` → character varying, [20]; the precision may stand within the name. */
function typeOf(text: string): { name: string; args: readonly number[] } {
  const args = /\(([\d, ]+)\)/.exec(text)?.[1]?.split(",").map(Number) ?? [];
  const name = text
    .toLowerCase()
    .replace(/\([\d, ]+\)/, "")
    .replace(/\s+/g, " ")
    .trim();
  return { name: ALIASES[name] ?? name, args };
}

/** Whether a constraint that is valid says it already: then the rows are not read. */
async function isKnownNotNull(runner: QueryRunner, table: string, column: string): Promise<boolean> {
  const rows = (await runner.query(
    `SELECT pg_get_constraintdef(oid) AS check FROM pg_constraint
      WHERE conrelid = to_regclass(${quotedText(table)}) AND contype = 'c' AND convalidated`,
  )) as { check: string }[];
  const names = [column, `"${column.replaceAll('"', '""')}"`];
  return rows.some(({ check }) => names.some((name) => check.includes(`((${name} IS NOT NULL))`)));
}
