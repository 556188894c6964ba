import { EntitySchema, type EntitySchemaOptions } from "typeorm";

export type Columns = Record<string, object>;

/** An entity with a numbered key and these columns. */
export function entity(name: string, columns: Columns, rest: object = {}): EntitySchema {
  return bare(name, { id: { type: "int", primary: true, generated: "increment" }, ...columns }, rest);
}

/** An entity with these columns and no other. */
export function bare(name: string, columns: Columns, rest: object = {}): EntitySchema {
  return new EntitySchema({
    name,
    tableName: name.toLowerCase(),
    columns,
    ...rest,
  } as unknown as EntitySchemaOptions<object>);
}

/** A view over a SELECT, with these columns. */
export function view(name: string, expression: string, columns: readonly string[]): EntitySchema {
  return new EntitySchema({
    name,
    tableName: name.toLowerCase(),
    type: "view",
    expression,
    columns: Object.fromEntries(columns.map((column) => [column, { type: "varchar" }])),
  } as unknown as EntitySchemaOptions<object>);
}

/** A relation to one row of another entity. */
export function toOne(target: string, rest: object = {}): object {
  return { type: "many-to-one", target, ...rest };
}
