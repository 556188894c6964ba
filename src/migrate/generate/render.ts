import type { MigrationInterface } from "typeorm";
import type { Statement, Step } from "../../dialect/schema/dialect";
import { tokenize } from "../../dialect/schema/tokens";
import type { DatabaseType } from "../../dialect/database-type";
import { databaseComment, databaseProperty } from "../files/written-for";
import { backfillFunction } from "./backfill-function";
import { rebuildFunction } from "./rebuild-function";
import { badName } from "./errors";

/** The content of a migration file. */
export interface MigrationText {
  readonly className: string;
  /** The database that the statements are for; undefined for statements of any. */
  readonly database?: DatabaseType | undefined;
  /** The class's own `transaction`; undefined leaves it to the runner. */
  readonly transaction?: boolean | undefined;
  /** Stands above the class as a comment. */
  readonly remark?: string | undefined;
  readonly up: readonly Step[];
  readonly down: readonly Step[];
}

export interface FileStyle {
  readonly language: "ts" | "js";
  readonly moduleFormat: "cjs" | "esm";
}

/** The width of comments and lists. */
const LINE = 90;

/** The words of a name: `"Posts table"` and `PostsTable` are both posts, table. */
function wordsOf(name: string): string[] {
  const words = name
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, "$1 $2")
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
  if (words.length === 0) throw badName(name);
  return words;
}

/** `PostsTable1700000000000`; an identifier whatever the name begins with. TypeORM reads the timestamp from its end. */
export function classNameOf(name: string, timestamp: number): string {
  const words = wordsOf(name).map((word) => word[0]!.toUpperCase() + word.slice(1));
  const joined = words.join("");
  return `${/^\p{N}/u.test(joined) ? "_" : ""}${joined}${timestamp}`;
}

/** `1700000000000-posts-table`: the name of the file, without its extension. */
export function fileNameOf(name: string, timestamp: number): string {
  return `${timestamp}-${wordsOf(name).join("-").toLowerCase()}`;
}

/** The text of a migration file. */
export function renderFile(migration: MigrationText, style: FileStyle): string {
  const isTyped = style.language === "ts";
  const statements = [...migration.up, ...migration.down].flatMap((step) => step.statements);
  const fill = statements.find((one) => one.kind === "backfill");
  const helpers = [
    statements.some(({ kind }) => kind === "rebuild") && rebuildFunction(isTyped),
    statements.some(({ kind }) => kind === "assertNoRows") && hasRows(isTyped),
    fill && backfillFunction(isTyped, fill.isNumbered),
  ].filter((helper) => typeof helper === "string");
  const isInherited = isTyped ? " implements MigrationInterface" : "";
  const [parameter, result] = isTyped ? ["queryRunner: QueryRunner", ": Promise<void>"] : ["queryRunner", ""];
  const head = isTyped
    ? `import type { MigrationInterface, QueryRunner } from "typeorm";\n\n`
    : `/** @implements {import("typeorm").MigrationInterface} */\n`;
  const exported = isTyped || style.moduleFormat === "esm" ? "export class" : `module.exports = class`;
  const ending = isTyped || style.moduleFormat === "esm" ? "" : ";";
  const remark =
    migration.remark === undefined
      ? ""
      : wrapLines(migration.remark)
          .map((line) => `// ${line}\n`)
          .join("");
  const { database, transaction } = migration;
  // The empty line keeps the comment where the compiler leaves the import out.
  const comment = database === undefined ? "" : `${databaseComment(database)}\n\n`;
  const property =
    (database === undefined ? "" : `\n  ${databaseProperty(database)}`) +
    (transaction === undefined ? "" : `\n  transaction = ${transaction};`);
  return `${comment}${head}${remark}${exported} ${migration.className}${isInherited} {
  name = "${migration.className}";${property}

  async up(${parameter})${result} {
${body(migration.up)}
  }

  async down(${parameter})${result} {
${body(migration.down)}
  }
}${ending}
${helpers.map((helper) => `\n${helper}`).join("")}`;
}

/**
 * Adds the names of migrations that this one takes the place of: a database that has all of them counts it as applied.
 * @param command that writes it, for the comment
 */
export function withReplaces(text: string, name: string, replaced: readonly string[], command: string): string {
  const names = replaced.map((one) => `    ${JSON.stringify(one)},`).join("\n");
  const comment = `  /** Counts as applied where all of these are (${command}). */`;
  return text.replace(`  name = "${name}";\n`, (line) => `${line}\n${comment}\n  replaces = [\n${names}\n  ];\n`);
}

/** Loads a migration from the text that is written, so that exactly that text is tried. */
export function loadMigration(migration: MigrationText): MigrationInterface {
  const text = renderFile(migration, { language: "js", moduleFormat: "cjs" });
  const module = { exports: undefined as unknown as new () => MigrationInterface };
  const define = new Function("module", text) as (module: object) => void;
  define(module);
  return new module.exports();
}

function body(steps: readonly Step[]): string {
  return steps.map((step) => [...comment(step), ...step.statements.map(renderStatement)].join("\n")).join("\n\n");
}

/** One comment a step; with details as a list. */
function comment({ comment: text, details }: Step): string[] {
  const lines = details
    ? [
        ...wrapLines(`${text}:`),
        ...details.flatMap((detail) => wrapLines(detail).map((line, at) => (at ? "  " : "- ") + line)),
      ]
    : wrapLines(text);
  return lines.map((line) => `    // ${line}`);
}

/** The text in lines of limited width. */
function wrapLines(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.replace(/\s+/g, " ").split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length > LINE) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function renderStatement(statement: Statement): string {
  switch (statement.kind) {
    case "sql":
      return `    await queryRunner.query(${sqlLiteral(statement.sql, statement.verbatim === true)});`;
    case "rebuild":
      return `    await rebuild(queryRunner, ${JSON.stringify(statement.table)}, {
      definition: ${template(statement.definition)},
      into: ${listOf(statement.values.map(([column]) => `"${column.replaceAll('"', '""')}"`))},
      from: ${listOf(statement.values.map(([, expression]) => expression))},${statement.twice ? "\n      twice: true," : ""}
    });`;
    case "backfill": {
      const { table, key, read, set, where } = statement;
      const list = (names: readonly string[]) => `[${names.map(template).join(", ")}]`;
      return `    await backfill(queryRunner, {
      table: ${template(table)},
      key: ${list(key)},
      read: ${list(read)},
      set: ${template(set)},
      where: ${template(where)},
    });`;
    }
    case "begin":
      return "    await queryRunner.startTransaction();";
    case "commit":
      return "    await queryRunner.commitTransaction();";
    case "assertNoRows":
      return `    if (await hasRows(queryRunner, ${template(statement.query)})) {
      throw new Error(${JSON.stringify(statement.message)});
    }`;
  }
}

/** On one line where it fits, else one line each. */
function listOf(expressions: readonly string[]): string {
  const line = expressions.join(", ");
  return template(line.length <= LINE ? line : `\n        ${expressions.join(",\n        ")}\n      `);
}

function sqlLiteral(sql: string, verbatim: boolean): string {
  const spansLines = tokenize(sql).some(
    (token) => (token.kind === "string" || token.kind === "identifier") && token.text.includes("\n"),
  );
  if (verbatim || spansLines) return template(sql);
  const text = sql.includes("\n") ? sql : clausePerLine(sql);
  if (!text.includes("\n")) return template(sql);
  const lines = text.split("\n").map((line) => (line ? `      ${line}` : line));
  return template(`\n${lines.join("\n")}\n    `);
}

/** Clauses that begin a line in a long statement. */
const CLAUSES: Readonly<Record<string, readonly string[]>> = {
  ALTER: ["ADD", "ALTER", "MODIFY", "RENAME", "USING", "FOREIGN", "CHECK", "REFERENCES"],
  INSERT: ["VALUES", "SELECT", "FROM", "WHERE"],
  UPDATE: ["SET", "WHERE"],
  DELETE: ["WHERE"],
};

/** A long statement with each clause on a line of its own. What SQLite stores verbatim stays on one line: TypeORM parses it by line. */
function clausePerLine(sql: string): string {
  const tokens = tokenize(sql);
  const clauses = CLAUSES[tokens[0]?.text ?? ""];
  if (!clauses || sql.length <= LINE || isColumnAdded(sql)) return sql;
  let depth = 0;
  const parts = tokens.map(({ text, kind, start }) => {
    if (text === "(") depth++;
    if (text === ")") depth--;
    const begins = start > 0 && depth === 0 && kind === "word" && clauses.includes(text.toUpperCase());
    return begins ? `\n  ${text}` : text;
  });
  return parts.join("").replace(/ +\n/g, "\n");
}

function isColumnAdded(sql: string): boolean {
  return / ADD (COLUMN )?["`]/.test(sql);
}

/** The text as a template literal. */
function template(text: string): string {
  return `\`${text.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("${", "\\${").replaceAll("\r", "\\r")}\``;
}

function hasRows(typed: boolean): string {
  const [runner, query, result] = typed ? [": QueryRunner", ": string", ": Promise<boolean>"] : ["", "", ""];
  return `/** Whether the SELECT of a count finds any row. */
async function hasRows(queryRunner${runner}, query${query})${result} {
  const [{ rows }] = await queryRunner.query(query);
  return Number(rows) > 0;
}
`;
}
