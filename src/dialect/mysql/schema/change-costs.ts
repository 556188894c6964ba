import type { QueryRunner } from "typeorm";
import { type ChangeCost, type ChangeCosts, type TableChange, rowsOf } from "../../schema/change-cost";

/** Definitions of a new column whose values are computed for every row. */
const COMPUTED = /\b(auto_increment|stored|persistent)\b|\bdefault\s*\(?\s*(uuid|rand|sysdate)\b/i;

/** Bytes of a character, by character set; others have up to 4. */
const BYTES: Readonly<Record<string, number>> = { latin1: 1, ascii: 1, ucs2: 2, utf8: 3, utf8mb3: 3 };

/** MySQL and MariaDB: what ALGORITHM=INSTANT and NOCOPY do not do. */
export const changeCosts: ChangeCosts = {
  async size(runner, table) {
    const [row] = (await runner.query(
      `SELECT table_rows AS n, data_length + index_length AS bytes FROM information_schema.tables WHERE ${place(table)}`,
    )) as { n: unknown; bytes: unknown }[];
    return row && { rows: await rowsOf(runner, table, Number(row.n)), bytes: Number(row.bytes) };
  },
  costOf,
};

async function costOf(runner: QueryRunner, table: string, change: TableChange): Promise<ChangeCost | undefined> {
  switch (change.kind) {
    case "addColumn":
      return COMPUTED.test(change.definition) ? copied(`"${change.column}" is computed for every row`) : undefined;
    case "redefine":
      return redefined(runner, table, change);
    case "foreignKey":
      return copied("it gets a foreign key; with foreign_key_checks = 0 it is not copied, and not checked either");
    case "check":
      return copied("it gets a check");
    case "primaryKey":
    case "rewriteTable":
      return copied("its rows are stored in another way");
    case "index":
      return change.isSpecial ? { rewrites: false, text: "is read whole while writes wait, for the index" } : undefined;
    case "updateAll":
      return {
        rewrites: true,
        text: "is written row by row: one UPDATE changes all of it, and keeps its rows locked until the end; fill it in batches",
      };
    // An ordinary index is built while others write.
    default:
      return undefined;
  }
}

function copied(why: string): ChangeCost {
  return { rewrites: true, text: `is copied while writes wait (ALGORITHM=COPY), because ${why}` };
}

interface ColumnRow {
  readonly type: string;
  readonly nullable: "YES" | "NO";
  readonly charset: string | null;
}

async function redefined(
  runner: QueryRunner,
  table: string,
  { column, definition }: Extract<TableChange, { kind: "redefine" }>,
): Promise<ChangeCost | undefined> {
  const [row] = (await runner.query(
    `SELECT column_type AS type, is_nullable AS nullable, character_set_name AS charset
       FROM information_schema.columns WHERE ${place(table)} AND column_name = ${text(column)}`,
  )) as ColumnRow[];
  if (!row) return undefined;
  const after = typeIn(definition);
  const charset = /\b(?:character set|charset)\s+(\w+)/i.exec(definition)?.[1];
  if (charset !== undefined && row.charset !== null && charset.toLowerCase() !== row.charset)
    return copied(`"${column}" gets another character set`);
  if (!isSameOrWider(row, after)) return copied(`"${column}" gets another type`);
  const isRequired = /\bnot\s+null\b/i.test(definition);
  return isRequired && row.nullable === "YES"
    ? { rewrites: true, text: `is built anew (others may write), because "${column}" becomes NOT NULL` }
    : undefined;
}

function isSameOrWider({ type, charset }: ColumnRow, after: string): boolean {
  const before = plain(type);
  if (before === after) return true;
  const [from, to] = [sized(before), sized(after)];
  if (from && to && from.name === to.name && /^(varchar|varbinary)$/.test(from.name)) {
    const bytes = from.name === "varbinary" ? 1 : (BYTES[charset ?? ""] ?? 4);
    // A length of up to 255 bytes is stored in one byte.
    return to.size >= from.size && from.size * bytes > 255 === to.size * bytes > 255;
  }
  const [old, now] = [valuesOf(type), valuesOf(after)];
  return old !== undefined && now !== undefined && now.startsWith(old);
}

/** The type at the beginning of a column's definition. */
function typeIn(definition: string): string {
  const match = /^\s*(\w+(?:\s+precision)?)\s*(\((?:[^()']|'(?:[^']|'')*')*\))?(\s+unsigned)?/i.exec(definition);
  return match ? plain(`${match[1]}${match[2] ?? ""}${match[3] ?? ""}`) : "";
}

const ALIASES: Readonly<Record<string, string>> = {
  integer: "int",
  dec: "decimal",
  numeric: "decimal",
  bool: "tinyint(1)",
};

/** As the server spells it, without the width of integers, which means nothing. */
function plain(type: string): string {
  const [, name = "", rest = ""] = /^(\w+)([\s\S]*)$/.exec(type.trim()) ?? [];
  const own = ALIASES[name.toLowerCase()] ?? name.toLowerCase();
  const isInteger = /^(tiny|small|medium|big)?int$/.test(own);
  if (own === "enum" || own === "set") return own + rest.replace(/\s*,\s*/g, ",");
  return (own + (isInteger ? rest.replace(/\(\d+\)/, "") : rest))
    .toLowerCase()
    .replace(/\s+/g, " ")
    .replace(/, /g, ",");
}

function sized(type: string): { name: string; size: number } | undefined {
  const match = /^(\w+)\((\d+)\)$/.exec(type);
  return match ? { name: match[1]!, size: Number(match[2]) } : undefined;
}

/** The values of an enum up to the closing parenthesis, so that a list with more begins alike. */
function valuesOf(type: string): string | undefined {
  const own = plain(type);
  return /^(enum|set)\(/.test(own) ? own.slice(0, -1) : undefined;
}

/** The condition that finds a table in the information schema. @param path quoted, with or without its database */
function place(path: string): string {
  const parts = [...path.matchAll(/`((?:[^`]|``)+)`/g)].map(([, name]) => name!.replaceAll("``", "`"));
  const schema = parts.length > 1 ? text(parts[0]!) : "DATABASE()";
  return `table_schema = ${schema} AND table_name = ${text(parts.at(-1)!)}`;
}

function text(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
