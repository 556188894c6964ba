import type { QueryRunner } from "typeorm";
import type { SchemaDialect, Scope } from "../../dialect/schema/dialect";
import { schemaDialectOf } from "../../dialect/dialects";
import { declaredSchema } from "../../dialect/schema/entities";
import { findTable, keyOf, displayName, type Schema, type Table } from "../../dialect/schema/model";
import { describe } from "../../dialect/schema/describe";
import { compare } from "../generate/compare";
import type { MigrationContext } from "../context";
import { scopeOf } from "../generate/schemas";

/** A database at one moment. */
export interface Snapshot {
  readonly schema: Schema;
  /** By table: each row as one text, in order. */
  readonly rows: ReadonlyMap<string, readonly string[]>;
}

/** Looks at a scratch database again and again. */
export class Snapshots {
  readonly dialect: SchemaDialect;
  readonly #runner: QueryRunner;
  readonly #scope: Scope;

  constructor(context: MigrationContext, runner: QueryRunner) {
    this.dialect = schemaDialectOf(context.dataSource);
    this.#runner = runner;
    this.#scope = scopeOf(context, declaredSchema(context.dataSource, this.dialect));
  }

  async take(): Promise<Snapshot> {
    const schema = await this.dialect.read(this.#runner, this.#scope);
    const rows = new Map<string, string[]>();
    for (const table of schema.tables) rows.set(keyOf(table), await rowsOf(this.#runner, table, this.dialect));
    return { schema, rows };
  }

  /** What would have to be done to what is there to make it what it should be, a line each. */
  differences(actual: Schema, wanted: Schema): string[] {
    const operations = compare(actual, wanted, this.dialect).map(describe);
    if (operations.length > 0) return operations;
    return wanted.tables.flatMap((table) => {
      const own = findTable(actual, table);
      const isSame = table.stored === undefined || !own || this.dialect.sameExpression(table.stored, own.stored ?? "");
      return isSame ? [] : [`${displayName(table)} is ${own.stored}`];
    });
  }
}

async function rowsOf(runner: QueryRunner, table: Table, dialect: SchemaDialect): Promise<string[]> {
  const columns = table.columns.map(({ name }) => dialect.quote(name)).join(", ");
  const rows = (await runner.query(`SELECT ${columns || "1"} FROM ${dialect.path(table)}`)) as Record<
    string,
    unknown
  >[];
  const replacer = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);
  return rows.map((row) => JSON.stringify(row, replacer)).sort();
}
