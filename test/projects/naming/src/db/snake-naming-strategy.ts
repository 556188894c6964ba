import { DefaultNamingStrategy, type NamingStrategyInterface, type Table } from "typeorm";

const snake = (text: string) => text.replace(/([a-z\d])([A-Z])/g, "$1_$2").toLowerCase();

export class SnakeNamingStrategy extends DefaultNamingStrategy implements NamingStrategyInterface {
  override tableName(className: string, customName?: string): string {
    return customName ?? `${snake(className)}s`;
  }

  override columnName(propertyName: string, customName: string | undefined, prefixes: string[]): string {
    return snake([...prefixes, customName ?? propertyName].join("_"));
  }

  override relationName(propertyName: string): string {
    return snake(propertyName);
  }

  override joinColumnName(relationName: string, referencedColumnName: string): string {
    return snake(`${relationName}_${referencedColumnName}`);
  }

  override joinTableName(first: string, second: string): string {
    return `${snake(first)}_${snake(second)}`;
  }

  override joinTableColumnName(table: string, property: string, column?: string): string {
    return snake(`${table}_${column ?? property}`);
  }

  override foreignKeyName(table: Table | string, columns: string[]): string {
    return `fk_${typeof table === "string" ? table : table.name.split(".").at(-1)}_${columns.join("_")}`;
  }

  override uniqueConstraintName(table: Table | string, columns: string[]): string {
    return `uq_${typeof table === "string" ? table : table.name.split(".").at(-1)}_${columns.join("_")}`;
  }
}
