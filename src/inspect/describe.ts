import { dialectOf } from "../dialect/dialects";
import { type DeclaredColumn, declaredDefault } from "../dialect/schema/declared-column";
import { type Column, type ObjectName, type Table, type View, displayName, keyOf } from "../dialect/schema/model";
import {
  type Argument,
  type Decorator,
  type EntityDescription,
  type Options,
  type PropertyDescription,
  SqlExpression,
  decorator,
} from "./description";
import { type EntityTable, type InspectedDatabase, placeOf } from "./entity-table";
import { isJoinTable } from "./join-tables";
import { Names, className, propertyName, relationName } from "./names";
import { Relations } from "./relations";

export interface Descriptions {
  readonly entities: readonly EntityDescription[];
  /** What no entity can say, a line each. */
  readonly remarks: readonly string[];
  /** Tables that can be read and not written, a line each. */
  readonly readOnly: readonly string[];
}

/** Describes the entity classes of a database's tables and views. */
export function describeEntities(database: InspectedDatabase): Descriptions {
  return new Describer(database).describe();
}

class Describer {
  readonly #database: InspectedDatabase;
  readonly #remarks: string[] = [];
  readonly #readOnlyTables: string[] = [];
  readonly #classNames = new Names({ ignoresCase: true });

  constructor(database: InspectedDatabase) {
    this.#database = database;
  }

  describe(): Descriptions {
    const { tables, views } = this.#database.schema;
    const joinTables = tables.filter((table) => isJoinTable(table, tables));
    const others = tables.filter((table) => !joinTables.includes(table));
    const mapped = others.filter((table) => table.primaryKey).map((table) => this.#named(table));
    const relations = new Relations(this.#database, mapped);
    for (const entity of mapped) this.#remarks.push(...relations.addForeignKeys(entity));
    for (const table of joinTables) this.#remarks.push(...relations.addJoinTable(table));
    const entities = mapped.map((entity) => this.#entity(entity, relations));
    const keyless = others.filter((table) => !table.primaryKey).map((table) => this.#keyless(table));
    return {
      entities: [...entities, ...keyless, ...views.map((view) => this.#view(view))],
      remarks: this.#remarks,
      readOnly: this.#readOnlyTables,
    };
  }

  #named(table: Table): EntityTable {
    const names = new Names();
    const properties = new Map<string, string>();
    const single = new Set(table.foreignKeys.flatMap(({ columns }) => (columns.length === 1 ? columns : [])));
    for (const column of table.columns) {
      const property = propertyName(column.name);
      // A foreign key `author` is the relation's name.
      const isRelation = single.has(column.name) && relationName(column.name) === undefined;
      properties.set(column.name, isRelation ? names.free(`${property}Id`) : names.free(property));
    }
    return { table, className: className(table, this.#classNames), properties, names };
  }

  #declared(column: Column, table: ObjectName): DeclaredColumn {
    const { dialect, dataSource, schema } = this.#database;
    return dialect.entities.declared(dataSource, column, schema.enums, table);
  }

  #entity(entity: EntityTable, relations: Relations): EntityDescription {
    const { table, className: name } = entity;
    const columns = table.columns.map((column) => this.#column(column, entity));
    return {
      className: name,
      decorators: [
        decorator("Entity", table.name, {
          ...placeOf(this.#database, table),
          comment: table.comment,
          engine: table.engine === "InnoDB" ? undefined : table.engine,
          withoutRowid: table.withoutRowid,
        }),
        ...this.#indexes(entity),
        ...this.#constraints(entity, relations),
        ...relations.foreignKeysOf(entity),
      ],
      properties: [...columns, ...relations.of(entity)],
    };
  }

  #column(column: Column, { table, properties }: EntityTable): PropertyDescription {
    const { valueType, ...declared } = this.#declared(column, table);
    const property = properties.get(column.name)!;
    const fallback = declaredDefault(column, { ...declared, valueType });
    const value: Argument | undefined =
      fallback && ("sql" in fallback ? new SqlExpression(fallback.sql) : fallback.value);
    const isPrimary = table.primaryKey!.columns.includes(column.name);
    const options: Options = {
      ...declared,
      type: declared.type,
      name: property === column.name ? undefined : column.name,
      nullable: (column.nullable && !isPrimary) || undefined,
      default: value,
      comment: column.comment,
      charset: column.charset,
      collation: column.collation,
      onUpdate: column.onUpdate,
      asExpression: column.generated && (column.generated.declared ?? column.generated.expression),
      generatedType: column.generated && (column.generated.stored ? "STORED" : "VIRTUAL"),
      primaryKeyConstraintName: isPrimary ? this.#primaryKeyName(table) : undefined,
    };
    const type = options["nullable"] ? orNull(valueType) : valueType;
    return { name: property, type, decorators: this.#columnDecorators(column, table, isPrimary, options) };
  }

  #columnDecorators(column: Column, table: Table, isPrimary: boolean, options: Options): Decorator[] {
    const isForeign = table.foreignKeys.some(({ columns }) => columns.includes(column.name));
    const strategy = isForeign ? undefined : this.#generation(column, table);
    const generated = strategy ? [decorator("Generated", strategy)] : [];
    if (!isPrimary) return [decorator("Column", options), ...generated];
    if (!strategy || strategy === "rowid") return [decorator("PrimaryColumn", options), ...generated];
    if (strategy === "increment") return [decorator("PrimaryGeneratedColumn", strategy, options)];
    const generatedIdentity = strategy === "always" ? "ALWAYS" : "BY DEFAULT";
    return [decorator("PrimaryGeneratedColumn", "identity", { ...options, generatedIdentity })];
  }

  /** How rows are numbered. TypeORM has identity columns for primary keys only. */
  #generation({ name, increment, type }: Column, { primaryKey, withoutRowid }: Table) {
    if (!primaryKey!.columns.includes(name)) return increment && "increment";
    if (increment) return increment;
    // SQLite numbers the rows of a table by its only key of this type.
    const { rowNumberType } = dialectOf(this.#database.dataSource).columnTypes;
    const isRowNumber = type.toLowerCase() === rowNumberType && primaryKey!.columns.length === 1 && !withoutRowid;
    return isRowNumber ? "rowid" : undefined;
  }

  #primaryKeyName({ name, primaryKey }: Table): string | undefined {
    const { dataSource, dialect } = this.#database;
    if (!dialect.entities.supportsNamedPrimaryKeys || primaryKey!.name === undefined) return undefined;
    const derived = dataSource.namingStrategy.primaryKeyName(name, [...primaryKey!.columns]);
    return primaryKey!.name === derived ? undefined : primaryKey!.name;
  }

  #indexes({ table, properties }: EntityTable): Decorator[] {
    return table.indexes.map((index) => {
      const columns = index.columns.map(({ name, descending, collation }) =>
        name === undefined || descending || collation ? undefined : properties.get(name),
      );
      const isPlain = columns.every((column) => column !== undefined) && !index.method && !index.isInvalid;
      if (!isPlain) {
        this.#remarks.push(`${displayName(table)}: index "${index.name}" stays as it is: no entity can say it`);
        return decorator("Index", index.name, { synchronize: false });
      }
      return decorator("Index", index.name, columns, {
        unique: index.unique || undefined,
        where: index.where,
        fulltext: index.kind === "fulltext" || undefined,
        spatial: index.kind === "spatial" || undefined,
        parser: index.parser,
      });
    });
  }

  #constraints(entity: EntityTable, relations: Relations): Decorator[] {
    const { table, properties } = entity;
    const uniques = table.uniques.filter((unique) => !relations.declaresUnique(unique));
    return [
      ...uniques.map(({ name, columns, deferrable }) =>
        decorator(
          "Unique",
          name,
          columns.map((column) => properties.get(column)!),
          { deferrable },
        ),
      ),
      ...table.checks.map(({ name, expression }) => decorator("Check", name, expression)),
      ...table.exclusions.map(({ name, expression }) => decorator("Exclusion", name, expression)),
    ];
  }

  /** TypeORM maps no table without a primary key, but views have none. */
  #keyless(table: Table): EntityDescription {
    const path = this.#database.dialect.path(table);
    this.#readOnlyTables.push(`${displayName(table)} has no primary key: it can be read, and not written`);
    return this.#readOnly(table, table.columns, `SELECT * FROM ${path}`, false);
  }

  #view(view: View): EntityDescription {
    const columns = this.#database.viewColumns.get(keyOf(view)) ?? [];
    return this.#readOnly(view, columns, view.declared ?? view.definition, view.materialized);
  }

  /** Migrations leave it alone: its definition is the database's. */
  #readOnly(
    object: Table | View,
    columns: readonly Pick<Column, "name" | "type">[],
    expression: string,
    materialized: boolean,
  ): EntityDescription {
    const names = new Names();
    return {
      className: className(object, this.#classNames),
      decorators: [
        decorator("ViewEntity", {
          name: object.name,
          ...placeOf(this.#database, object),
          expression,
          materialized: materialized || undefined,
          synchronize: false,
        }),
      ],
      properties: columns.map((column) => {
        const property = names.free(propertyName(column.name));
        return {
          name: property,
          type: orNull(this.#declared({ nullable: true, ...column }, object).valueType),
          decorators: [decorator("ViewColumn", { name: property === column.name ? undefined : column.name })],
        };
      }),
    };
  }
}

function orNull(type: string): string {
  return type === "unknown" ? type : `${type} | null`;
}
