import { ansi, escapeLine, type EscapedText } from "../../terminal/escaped-text";
import { unknownEntity } from "../errors";
import type { EntityName } from "../names";
import { drawTable, drawPairs, type TableCell } from "../print/table";
import type { ShellContext } from "../context";
import type { ColumnModel, EntityModel } from "../../metadata/model";
import type { DotCommand } from "./command";

export const entities: DotCommand = {
  name: "entities",
  summary: "the entities, with their tables",
  run(_argument, shell) {
    const rows = shell.names.entities.map(({ name, model }) => [
      name,
      model.metadata.tableName,
      String(model.columns.filter(({ isVirtual }) => !isVirtual).length),
      model.relations.map(({ property }) => property).join(", "),
    ]);
    shell.output.print(table(["entity", "table", "columns", "relations"], rows, shell));
  },
};

export const schema: DotCommand = {
  name: "schema",
  takes: "[Entity]",
  summary: "an entity's columns, relations and indexes",
  completions: (shell) => shell.names.entities.map(({ name }) => name),
  run(argument, shell) {
    if (argument === "") return entities.run("", shell);
    shell.output.print(describeEntity(entityNamed(argument, shell), shell));
  },
};

/** @throws shell/unknown-entity */
export function entityNamed(name: string, shell: ShellContext): EntityName {
  const found = shell.names.entity(name);
  if (!found)
    throw unknownEntity(
      name,
      shell.names.entities.map((entity) => entity.name),
    );
  return found;
}

/** The columns, relations and indexes of an entity; only those of one property where it is given. */
export function describeEntity({ name, model }: EntityName, shell: ShellContext, only?: string): EscapedText[] {
  const { style } = shell.output;
  const isShown = ({ property }: { readonly property: string }): boolean => only === undefined || property === only;
  const columns = model.columns
    .filter(isShown)
    .map((column) => [column.property, typeText(column, shell), remarks(column)]);
  const relations = model.relations.filter(isShown).map((relation) => ({
    name: escapeLine(relation.property),
    text: escapeLine(
      `${relation.toMany ? "many" : "one"} ${relation.target.name}${inverse(relation.metadata.inverseRelation?.propertyName, relation.target)}`,
    ),
  }));
  const indexes = only === undefined ? indexesOf(model) : [];
  return [
    ansi`${style.bold(escapeLine(name))}  ${style.dim(escapeLine(`table ${model.metadata.tableName}`))}`,
    ...(columns.length > 0 ? table(["column", "type", ""], columns, shell) : []),
    ...(relations.length > 0 ? [style.dim(ansi`relations`), ...drawPairs(relations, style)] : []),
    ...(indexes.length > 0 ? [style.dim(ansi`indexes`), ...indexes.map((index) => escapeLine(`  ${index}`))] : []),
  ];
}

function table(names: readonly string[], rows: readonly (readonly string[])[], shell: ShellContext): EscapedText[] {
  const cells = rows.map((row) => row.map((text): TableCell => ({ text: escapeLine(text), faint: false })));
  return drawTable(
    names.map((name) => ({ name: escapeLine(name), numeric: name === "columns" })),
    cells,
    shell.output.width,
    shell.output.style,
  );
}

function inverse(property: string | undefined, target: EntityModel): string {
  return property === undefined ? "" : ` (${target.name}.${property})`;
}

/** The type in the database: `varchar(64)`. */
export function typeText({ metadata }: ColumnModel, shell: ShellContext): string {
  const type = shell.db.dataSource.driver.normalizeType(metadata);
  const size =
    metadata.length ||
    (metadata.precision ? [metadata.precision, metadata.scale].filter((part) => part != null).join(",") : "");
  const values = metadata.enum ? `(${metadata.enum.join("|")})` : "";
  return `${type}${values || (size ? `(${size})` : "")}${metadata.isArray ? "[]" : ""}`;
}

function remarks({ metadata, property, column }: ColumnModel): string {
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

function isUnique(metadata: ColumnModel["metadata"]): boolean {
  const alone = (columns: readonly unknown[]): boolean => columns.length === 1 && columns[0] === metadata;
  const { uniques, indices } = metadata.entityMetadata;
  return (
    uniques.some(({ columns }) => alone(columns)) || indices.some((index) => index.isUnique && alone(index.columns))
  );
}

function defaultText(value: unknown): string {
  return typeof value === "function" ? String((value as () => unknown)()) : JSON.stringify(value);
}

function indexesOf({ metadata }: EntityModel): string[] {
  const named = (name: string, unique: boolean, columns: readonly { propertyPath: string }[]): string =>
    `${unique ? "unique " : ""}(${columns.map(({ propertyPath }) => propertyPath).join(", ")})  ${name}`;
  return [
    ...metadata.indices.map((index) => named(index.name, index.isUnique, index.columns)),
    ...metadata.uniques.map((unique) => named(unique.name, true, unique.columns)),
    ...metadata.checks.map(({ name, expression }) => `check ${expression}  ${name}`),
  ];
}
