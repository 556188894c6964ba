import type { QueryRunner } from "typeorm";
import type { Plan, SchemaDialect, Scope } from "../../dialect/schema/dialect";
import { schemaDialectOf } from "../../dialect/dialects";
import { type Declared, declaredSchema } from "../../dialect/schema/entities";
import { type ObjectName, type Schema, emptySchema } from "../../dialect/schema/model";
import { executePlan } from "../../dialect/schema/scratch";
import type { Operation } from "../../dialect/schema/operation";
import { wildcard } from "../../text";
import type { MigrationContext } from "../context";
import { withScratch } from "../scratch/scratch";
import { entitiesNotAccepted } from "./errors";

/** The schema of the entities and the schema of the database, both in the database's own spelling. */
export interface Schemas {
  readonly actual: Schema;
  readonly wanted: Schema;
  readonly declared: Declared;
  readonly scope: Scope;
  readonly dialect: SchemaDialect;
}

/** The side of the entities. */
export type WantedSchema = Omit<Schemas, "actual">;

/** Reads both schemas. Creates nothing. */
export async function readSchemas(context: MigrationContext): Promise<Schemas> {
  const runner = context.dataSource.createQueryRunner();
  try {
    const wanted = await readWanted(context, runner);
    const actual = await wanted.dialect.read(runner, wanted.scope);
    return { ...withActualCase(wanted, actual), actual };
  } finally {
    await runner.release();
  }
}

/** Where case makes no other table, tables have the case that they have in the database. */
function withActualCase(schemas: WantedSchema, actual: Schema): WantedSchema {
  if (!schemas.dialect.ignoresCaseOfTables) return schemas;
  const named = <T extends ObjectName>(one: T): T => {
    const own = actual.tables.find((table) => table.name.toLowerCase() === one.name.toLowerCase());
    return own ? { ...one, name: own.name } : one;
  };
  const renamed = (schema: Schema): Schema => ({
    ...schema,
    tables: schema.tables.map((table) => ({
      ...named(table),
      foreignKeys: table.foreignKeys.map((key) => ({ ...key, references: named(key.references) })),
    })),
  });
  const { declared } = schemas;
  const entities = declared.entities.map((entity) => ({ ...entity, table: named(entity.table) }));
  return {
    ...schemas,
    wanted: renamed(schemas.wanted),
    declared: { ...declared, schema: renamed(declared.schema), entities },
  };
}

/** The entities' schema in the database's own spelling. @param runner connected to a database of the project's kind */
export async function readWanted(context: MigrationContext, runner: QueryRunner): Promise<WantedSchema> {
  const dialect = schemaDialectOf(context.dataSource);
  const declared = declaredSchema(context.dataSource, dialect);
  const scope = scopeOf(context, declared);
  const wanted = dialect.spelling
    ? await dialect.spelling.declared(runner, declared.schema)
    : await createdElsewhere(context, declared, dialect, scope);
  return { wanted, declared, scope, dialect };
}

/** The entities' schema, created in an empty scratch database and read back. */
async function createdElsewhere(
  context: MigrationContext,
  declared: Declared,
  dialect: SchemaDialect,
  scope: Scope,
): Promise<Schema> {
  return withScratch(context, { entities: false }, async (empty) => {
    for (const step of creation(declared, dialect).steps)
      await executePlan({ steps: [step] }, empty.runner).catch((error: unknown) => {
        throw entitiesNotAccepted(step.comment.replace(/^create /i, ""), error);
      });
    return withoutStored(await empty.read(scope));
  });
}

/**
 * Whether the stored statements of the database are exactly those that the entities would create. False means nothing:
 * another spelling may be the same schema, which `readSchemas` finds out.
 */
export async function isVerbatim(context: MigrationContext): Promise<boolean> {
  const { dataSource } = context;
  const dialect = schemaDialectOf(dataSource);
  if (!dialect.matchesExactly) return false;
  const declared = declaredSchema(dataSource, dialect);
  const runner = dataSource.createQueryRunner();
  try {
    return await dialect.matchesExactly(runner, creation(declared, dialect), scopeOf(context, declared));
  } finally {
    await runner.release();
  }
}

/** The plan that creates the entities' schema in an empty database. */
function creation({ schema: { tables, views, enums } }: Declared, dialect: SchemaDialect): Plan {
  return dialect.plan(emptySchema, [
    ...enums.map((type): Operation => ({ kind: "createEnum", type })),
    ...tables.map((table): Operation => ({ kind: "createTable", table })),
    ...views.map((view): Operation => ({ kind: "createView", view })),
  ]);
}

/** Without the statements that the scratch database has stored: new tables are rendered for the file. */
function withoutStored(schema: Schema): Schema {
  const plain = <T extends { stored?: string | undefined }>(one: T): T => ({ ...one, stored: undefined });
  return {
    ...schema,
    tables: schema.tables.map((table) => ({ ...plain(table), indexes: table.indexes.map(plain) })),
    views: schema.views.map(plain),
  };
}

/** The tables that the project owns: without TypeORM's and Retort's own, and without what settings or entities exclude. */
export function scopeOf(context: OwnScopeContext, { ignored, schema }: Declared): Scope {
  const schemas = new Set(schema.tables.flatMap((table) => (table.schema === undefined ? [] : [table.schema])));
  return ownScope(context, { ignored, schemas: [...schemas] });
}

type OwnScopeContext = Pick<MigrationContext, "dataSource" | "settings">;

/** The same without entities. @param parts what else is ignored, and the schemas besides the default one */
export function ownScope(
  { dataSource, settings }: OwnScopeContext,
  { ignored = [], schemas }: { readonly ignored?: readonly string[]; readonly schemas: readonly string[] },
): Scope {
  const ownTables = [dataSource.options.migrationsTableName ?? "migrations", dataSource.metadataTableName, "retort_*"];
  const cache = dataSource.options.cache;
  const cacheTable = typeof cache === "object" && cache.tableName ? cache.tableName : "query-result-cache";
  const patterns = [...ownTables, cacheTable, ...ignored, ...(settings.ignore ?? [])].map(wildcard);
  return { isIgnored: (name) => patterns.some((one) => one.test(name)), schemas };
}
