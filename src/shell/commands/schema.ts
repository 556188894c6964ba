import { unknownEntity } from "../errors";
import type { EntityName } from "../names";
import { drawTable, drawPairs, type TableCell } from "../print/table";
import type { Repl } from "../repl";
import type { ShellColumn, ShellModel } from "../world";
import type { DotCommand } from "./command";

export const entities: DotCommand = {
  name: "entities",
  summary: "the entities, with their tables",
  run(_argument, sitting) {
    const rows = sitting.entityNames.map(({ name, model }) => [
      name,
      model.metadata.tableName,
      String(model.columns.filter(({ isVirtual }) => !isVirtual).length),
      model.relations.map(({ property }) => property).join(", "),
    ]);
    sitting.write(table(["entity", "table", "columns", "relations"], rows, sitting));
  },
};

export const schema: DotCommand = {
  name: "schema",
  takes: "[Entity]",
  summary: "an entity's columns, relations and indexes",
  completions: (sitting) => sitting.entityNames.map(({ name }) => name),
  run(argument, sitting) {
    if (argument === "") return entities.run("", sitting);
    sitting.write(describeEntity(entityNamed(argument, sitting), sitting));
  },
};

/** An entity by the name it has at the prompt. */
export function entityNamed(name: string, sitting: Repl): EntityName {
  const found = sitting.entityNames.find((entity) => entity.name === name);
  if (!found)
    throw unknownEntity(
      name,
      sitting.entityNames.map((entity) => entity.name),
    );
  return found;
}

/** Everything that is known of an entity. */
export function describeEntity({ name, model }: EntityName, sitting: Repl): string[] {
  const { theme } = sitting;
  const columns = model.columns.map((column) => [column.property, typeText(column, sitting), remarks(column)]);
  const relations = model.relations.map((relation) => ({
    name: relation.property,
    text: `${relation.toMany ? "many" : "one"} ${relation.target.name}${inverse(relation.metadata.inverseRelation?.propertyName, relation.target)}`,
  }));
  const indexes = indexesOf(model);
  return [
    `${theme.strong(name)}  ${theme.quiet(`table ${model.metadata.tableName}`)}`,
    ...table(["column", "type", ""], columns, sitting),
    ...(relations.length > 0 ? [theme.quiet("relations"), ...drawPairs(relations, theme)] : []),
    ...(indexes.length > 0 ? [theme.quiet("indexes"), ...indexes.map((index) => `  ${index}`)] : []),
  ];
}

function table(names: readonly string[], rows: readonly (readonly string[])[], sitting: Repl): string[] {
  const cells = rows.map((row) => row.map((text): TableCell => ({ text, faint: false })));
  return drawTable(
    names.map((name) => ({ name, numeric: name === "columns" })),
    cells,
    sitting.width,
    sitting.theme,
  );
}

function inverse(property: string | undefined, target: ShellModel): string {
  return property === undefined ? "" : ` (${target.name}.${property})`;
}

/** `varchar(64)`, as the database has it. */
export function typeText({ metadata }: ShellColumn, sitting: Repl): string {
  const type = sitting.db.dataSource.driver.normalizeType(metadata);
  const size =
    metadata.length ||
    (metadata.precision ? [metadata.precision, metadata.scale].filter((part) => part != null).join(",") : "");
  const values = metadata.enum ? `(${metadata.enum.join("|")})` : "";
  return `${type}${values || (size ? `(${size})` : "")}${metadata.isArray ? "[]" : ""}`;
}

function remarks({ metadata, property, column }: ShellColumn): string {
  const reference =
    metadata.referencedColumn &&
    `→ ${metadata.referencedColumn.entityMetadata.name}.${metadata.referencedColumn.propertyName}`;
  return [
    metadata.isPrimary && "key",
    metadata.isGenerated && "generated",
    metadata.isNullable ? "nullable" : false,
    isUnique(metadata) && "unique",
    reference,
    metadata.default !== undefined && `default ${defaultText(metadata.default)}`,
    metadata.isVersion && "version",
    metadata.isCreateDate && "set when created",
    metadata.isUpdateDate && "set when updated",
    metadata.isDeleteDate && "set when deleted",
    !metadata.isSelect && "not selected",
    property !== column && `column ${column}`,
    metadata.comment,
  ]
    .filter(Boolean)
    .join(", ");
}

function isUnique(metadata: ShellColumn["metadata"]): boolean {
  const alone = (columns: readonly unknown[]): boolean => columns.length === 1 && columns[0] === metadata;
  const { uniques, indices } = metadata.entityMetadata;
  return (
    uniques.some(({ columns }) => alone(columns)) || indices.some((index) => index.isUnique && alone(index.columns))
  );
}

function defaultText(value: unknown): string {
  return typeof value === "function" ? String((value as () => unknown)()) : JSON.stringify(value);
}

function indexesOf({ metadata }: ShellModel): string[] {
  const named = (name: string, unique: boolean, columns: readonly { propertyPath: string }[]): string =>
    `${unique ? "unique " : ""}(${columns.map(({ propertyPath }) => propertyPath).join(", ")})  ${name}`;
  return [
    ...metadata.indices.map((index) => named(index.name, index.isUnique, index.columns)),
    ...metadata.uniques.map((unique) => named(unique.name, true, unique.columns)),
    ...metadata.checks.map(({ name, expression }) => `check ${expression}  ${name}`),
  ];
}
