import type { ColumnModel, EntityModel, RelationModel } from "./model";

/** How the tree of an entity (`@Tree`) is kept besides the key of each row's parent. */
export type TreeModel = { readonly parent: RelationModel } & (
  | {
      readonly kind: "closure";
      /** The quoted table that has a row for every pair of a row and one above it, or itself. */
      readonly table: string;
      /** Quoted columns of the two, in the order of the entity's primary key. */
      readonly ancestor: readonly string[];
      readonly descendant: readonly string[];
    }
  | { readonly kind: "path"; readonly path: ColumnModel }
  | { readonly kind: "nested"; readonly left: ColumnModel; readonly right: ColumnModel }
);

/** The tree of an entity; undefined where it is none, or none but the parents' keys. */
export function treeOf(model: EntityModel, quotedTable: (path: string) => string): TreeModel | undefined {
  const { metadata } = model;
  const parent = metadata.treeParentRelation && model.relation(metadata.treeParentRelation.propertyPath);
  if (!parent) return undefined;
  switch (metadata.treeType) {
    case "closure-table": {
      const { tablePath, ancestorColumns, descendantColumns } = metadata.closureJunctionTable;
      const named = (columns: typeof ancestorColumns): string[] =>
        model.primary.map(({ column }) =>
          model.quote(columns.find(({ referencedColumn }) => referencedColumn?.databaseName === column)!.databaseName),
        );
      const [ancestor, descendant] = [named(ancestorColumns), named(descendantColumns)];
      return { kind: "closure", parent, table: quotedTable(tablePath), ancestor, descendant };
    }
    case "materialized-path":
      return { kind: "path", parent, path: model.columnNamed(metadata.materializedPathColumn!.databaseName) };
    case "nested-set": {
      const left = model.columnNamed(metadata.nestedSetLeftColumn!.databaseName);
      const right = model.columnNamed(metadata.nestedSetRightColumn!.databaseName);
      return { kind: "nested", parent, left, right };
    }
    default:
      return undefined;
  }
}
