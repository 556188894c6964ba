import type { DataSource } from "typeorm";
import type { Declared, DeclaredEntity } from "../../dialect/schema/entities";
import { type ObjectName, type Table, keyOf } from "../../dialect/schema/model";

/** The names of tables and columns in flags and messages: those of the entity and its property, else those in the database. */
export class Names {
  readonly #entities = new Map<string, DeclaredEntity>();

  constructor(
    readonly dataSource: DataSource,
    readonly declared: Declared,
  ) {
    for (const entity of declared.entities)
      if (!this.#entities.has(keyOf(entity.table))) this.#entities.set(keyOf(entity.table), entity);
  }

  /** The entity whose table this is. */
  entity(table: ObjectName): DeclaredEntity | undefined {
    return this.#entities.get(keyOf(table));
  }

  /** `User`, or the table's own name. */
  table(table: ObjectName): string {
    return this.entity(table)?.name ?? keyOf(table);
  }

  /** `User.name.first`, or with the column's own name. */
  column(table: ObjectName, column: string): string {
    return `${this.table(table)}.${this.property(table, column)}`;
  }

  /** The property of a column; a key that only a relation made has none of its own, and goes by its name in the database. */
  property(table: ObjectName, column: string): string {
    const found = this.entity(table)?.metadata.columns.find((one) => one.databaseName === column);
    return found && !found.isVirtual ? found.propertyPath : column;
  }

  /** Every name of the column in a flag, after the table's; the only key of a relation has the relation's name too. */
  columnAliases(table: ObjectName, column: string): string[] {
    const relation = this.entity(table)?.metadata.relations.find(
      ({ joinColumns: [key, ...others] }) => key?.databaseName === column && others.length === 0,
    );
    return [...new Set([column, this.property(table, column), ...(relation ? [relation.propertyPath] : [])])];
  }

  /** Every name of the table in a flag. */
  tableAliases(table: ObjectName): string[] {
    return [...new Set([this.table(table), keyOf(table), table.name])];
  }

  /** Whether a table without an entity may have been that of an entity with this name. */
  wasTableOf(table: ObjectName, entity: string): boolean {
    if (this.tableAliases(table).includes(entity)) return true;
    const { namingStrategy, options } = this.dataSource;
    const name = namingStrategy.tableName(entity, undefined);
    const prefixed = options.entityPrefix ? namingStrategy.prefixTableName(options.entityPrefix, name) : name;
    return table.name === name || table.name === prefixed;
  }

  /** The columns of a property of this table's entity; for a relation, those of its keys. */
  columnsOf(table: Table, property: string): string[] {
    const metadata = this.entity(table)?.metadata;
    const column = metadata?.columns.find((one) => one.propertyPath === property || one.propertyName === property);
    const relation = metadata?.relations.find((one) => one.propertyPath === property);
    if (relation && relation.joinColumns.length > 0) return relation.joinColumns.map((one) => one.databaseName);
    if (column) return [column.databaseName];
    return table.columns.some((one) => one.name === property) ? [property] : [];
  }

  /**
   * The columns that a removed property may have had, in the order of the new ones:
   * by its name, by the naming strategy's name, or by a key that is named after the relation.
   */
  formerColumns(table: Table, property: string, become: readonly string[]): string[] {
    const { namingStrategy } = this.dataSource;
    const has = (name: string) => table.columns.some((column) => column.name === name);
    const path = property.split(".");
    const name = namingStrategy.columnName(path.at(-1)!, undefined as unknown as string, path.slice(0, -1));
    if (become.length === 1) for (const candidate of [property, name]) if (has(candidate)) return [candidate];
    const keys = this.entity(table)?.metadata.relations.flatMap((relation) => relation.joinColumns) ?? [];
    const former = become.map((column) => {
      const key = keys.find((one) => one.databaseName === column)?.referencedColumn;
      return key && namingStrategy.joinColumnName(property, key.databaseName);
    });
    return former.every((one): one is string => one !== undefined && has(one)) ? former : [];
  }

  /** Whether the name is the naming strategy's, and not one that somebody chose. */
  isGeneratedName(name: string, tables: readonly string[], columns: readonly string[], where?: string): boolean {
    if (/^(IDX|UQ|REL|CHK|FK|PK|XCL)_[0-9a-f]{23,27}$/.test(name)) return true;
    const { namingStrategy } = this.dataSource;
    return tables.some((table) =>
      [
        namingStrategy.indexName(table, [...columns], where),
        namingStrategy.uniqueConstraintName(table, [...columns]),
        namingStrategy.relationConstraintName(table, [...columns], where),
      ].includes(name),
    );
  }
}
