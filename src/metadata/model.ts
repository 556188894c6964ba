import type { DataSource, EntitySchema } from "typeorm";
import { dialectOf } from "../dialect/dialects";
import type { ColumnMetadata } from "typeorm/metadata/ColumnMetadata.js";
import type { EntityMetadata } from "typeorm/metadata/EntityMetadata.js";
import type { RelationIdMetadata } from "typeorm/metadata/RelationIdMetadata.js";
import type { RelationMetadata } from "typeorm/metadata/RelationMetadata.js";
import { typeormOf } from "../typeorm/copy";
import type { Codec } from "./codec";
import { codecOf } from "./column-codec";
import { inspectorOf } from "./inspection/inspector";
import type { Inspector } from "./inspection/refusal";
import { groupBy } from "../groups";
import { embeddedOf, propertyOf, type Property } from "./property";

/** Whatever names an entity: its class, its EntitySchema, or its name. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- TypeORM's own word for an entity class
export type EntityTarget = Function | EntitySchema<never> | string;

/** One column of an entity's table. */
export class ColumnModel {
  /** Its entity. */
  readonly model: EntityModel;
  /** TypeORM's own metadata of it. */
  readonly metadata: ColumnMetadata;
  /** Its place in `model.columns`, and so in rows and snapshots. */
  readonly index: number;
  /** The property that holds it, `name.first` in an embedded; the relation's name for a foreign key without one of its own. */
  readonly property: string;
  /** Its name in the database. */
  readonly column: string;
  /** Its quoted name. */
  readonly quoted: string;
  /** A foreign key (or a tree's bookkeeping) that no property of the entity holds. */
  readonly isVirtual: boolean;
  /** A column of the table that only classes below this one have a property for (single-table inheritance). */
  readonly isOfChild: boolean;
  /** @internal How its values travel. */
  readonly codec: Codec;
  readonly #property: Property;
  /** What decides the column's values: itself, or for a foreign key without a type what it points at. */
  readonly #typed: ColumnMetadata;
  readonly #dataSource: DataSource;
  #inspect: Inspector | undefined;

  constructor(model: EntityModel, metadata: ColumnMetadata, index: number, dataSource: DataSource) {
    this.model = model;
    this.metadata = metadata;
    this.index = index;
    this.property = metadata.propertyPath;
    this.column = metadata.databaseName;
    this.quoted = dataSource.driver.escape(metadata.databaseName);
    this.isVirtual = metadata.isVirtual;
    this.isOfChild = model.metadata.childEntityMetadatas.some(
      ({ target, tableType }) => tableType === "entity-child" && target === metadata.target,
    );
    this.#typed = typedColumn(metadata);
    this.#dataSource = dataSource;
    this.codec = codecOf(this.#typed, dataSource);
    this.#property = propertyOf(metadata);
  }

  /** The property, part by part: `["name", "first"]` in an embedded. */
  get path(): readonly string[] {
    return this.#property.path;
  }

  /** Whether it is part of the primary key. */
  get isPrimary(): boolean {
    return this.metadata.isPrimary;
  }

  /** Whether the database numbers the rows (`@PrimaryGeneratedColumn()`, an integer key of SQLite), or the value is a new uuid. */
  get isGenerated(): boolean {
    return (this.#isGenerated ??= this.metadata.isGenerated || this.#isRowNumber());
  }
  #isGenerated: boolean | undefined;

  #isRowNumber(): boolean {
    const { metadata } = this;
    const { rowNumberType } = dialectOf(this.#dataSource).columnTypes;
    if (!rowNumberType || !metadata.isPrimary || metadata.transformer || metadata.referencedColumn) return false;
    const { primaryColumns, withoutRowid } = metadata.entityMetadata;
    if (primaryColumns.length > 1 || withoutRowid === true) return false;
    return this.#dataSource.driver.normalizeType(metadata) === rowNumberType;
  }

  /** Whether the database makes the value when an INSERT names none. */
  get hasDefault(): boolean {
    const { metadata } = this;
    return metadata.default !== undefined && metadata.default !== null
      ? true
      : metadata.isCreateDate || metadata.isUpdateDate || metadata.asExpression !== undefined || this.isGenerated;
  }

  /** @internal What it is by default, in SQL; undefined where nothing is declared. */
  get defaultSQL(): string | undefined {
    return this.#dataSource.driver.normalizeDefault(this.metadata);
  }

  /** @internal Its type, as TypeORM's driver names it. */
  get databaseType(): string {
    return this.#dataSource.driver.normalizeType(this.#typed);
  }

  /** Looks at a value that is not null: why the column would not keep it as it is. */
  get inspect(): Inspector {
    return (this.#inspect ??= inspectorOf(this.#typed, this.#dataSource));
  }

  /** `User.username`, for messages. */
  get label(): string {
    return `${this.model.name}.${this.property}`;
  }

  /** Made by a subquery when it is read (`@VirtualColumn`); no column of the table. */
  get isComputed(): boolean {
    return this.metadata.isVirtualProperty;
  }

  /** How it is named where its table has this (quoted) name. */
  of(alias: string): string {
    return this.isComputed ? `(${this.metadata.query!(alias)})` : `${alias}.${this.quoted}`;
  }

  /** How it stands in a SELECT list, where that is not its bare name. */
  selected(sql: string): string {
    return this.codec.select ? this.codec.select(sql) : sql;
  }

  /** Its value in an object. */
  read(entity: object): unknown {
    return this.isVirtual || this.isOfChild ? undefined : this.#property.read(entity);
  }

  /** Sets its value in an object. */
  write(entity: object, value: unknown): void {
    if (!this.isVirtual && !this.isOfChild) this.#property.write(entity, value);
  }
}

/** A foreign key without a property has the values of the key that it refers to: that one's type and transformer decide them. */
function typedColumn(column: ColumnMetadata): ColumnMetadata {
  let typed = column;
  while (typed.referencedColumn && (!typed.type || (typed.isVirtual && typed.referencedColumn.transformer)))
    typed = typed.referencedColumn;
  return typed;
}

/** A pair of columns that a relation joins: a foreign key and what it points at. */
export interface JoinedColumns {
  /** On the side that holds the foreign key. */
  readonly foreign: ColumnModel;
  /** What it points at. */
  readonly referenced: ColumnModel;
}

/** A column of a join table. */
export interface JunctionColumn {
  readonly quoted: string;
  /** Its name in TypeORM's metadata of the join table. */
  readonly property: string;
  /** What it points at. */
  readonly referenced: ColumnModel;
}

/** The join table of a many-to-many relation, seen from one of its sides. */
export interface JunctionModel {
  readonly table: string;
  /** TypeORM's own metadata of it. */
  readonly metadata: EntityMetadata;
  /** The columns that point at the owner. */
  readonly toOwner: readonly JunctionColumn[];
  /** The same for the entity on the other side. */
  readonly toTarget: readonly JunctionColumn[];
}

/** A foreign key of a table that belongs to no entity. */
export interface JunctionForeignKey {
  /** The quoted table. */
  readonly table: string;
  readonly columns: readonly { readonly quoted: string; readonly referenced: ColumnModel }[];
  /** What the database does when the key changes that it points at. */
  readonly onUpdate: string | undefined;
}

/** The columns of a join table or closure table that refer to one entity. */
export interface JoinTableSide {
  /** The quoted table. */
  readonly table: string;
  readonly columns: readonly { readonly quoted: string; readonly referenced: ColumnModel }[];
}

/** One relation of an entity. */
export class RelationModel {
  /** The entity that declares it. */
  readonly model: EntityModel;
  /** TypeORM's own metadata of it. */
  readonly metadata: RelationMetadata;
  /** Its place in `model.relations`. */
  readonly index: number;
  /** The property that holds it. */
  readonly property: string;
  /** Whether it leads to a list. */
  readonly toMany: boolean;
  /** Whether this side's table holds the foreign key. */
  readonly holdsKey: boolean;
  /** Whether it goes through a join table. */
  readonly isManyToMany: boolean;
  readonly #models: ModelRegistry;
  readonly #property: Property;
  #target: EntityModel | undefined;
  #joins: readonly JoinedColumns[] | undefined;
  #junction: JunctionModel | undefined;
  #inverse: RelationModel | null | undefined;

  constructor(model: EntityModel, metadata: RelationMetadata, index: number, models: ModelRegistry) {
    this.model = model;
    this.metadata = metadata;
    this.index = index;
    this.property = metadata.propertyPath;
    this.toMany = metadata.isOneToMany || metadata.isManyToMany;
    this.holdsKey = metadata.isWithJoinColumn;
    this.isManyToMany = metadata.isManyToMany;
    this.#models = models;
    this.#property = propertyOf(metadata);
  }

  /** The entity on the other side. */
  get target(): EntityModel {
    return (this.#target ??= this.#models.of(this.metadata.inverseEntityMetadata));
  }

  /** The same relation seen from the other side, where the entities declare it. */
  get inverse(): RelationModel | undefined {
    if (this.#inverse === undefined) this.#inverse = this.#inverseRelation() ?? null;
    return this.#inverse ?? undefined;
  }

  #inverseRelation(): RelationModel | undefined {
    const { inverseRelation, isManyToMany, propertyPath } = this.metadata;
    if (!inverseRelation) return this.#owningManyToMany();
    // Several relations may name one inverse. A many-to-many has a table of its own then, and no inverse but that of the one
    // that the inverse names itself; a child of any of the others has one foreign key.
    const named = inverseRelation.inverseRelation?.propertyPath;
    if (isManyToMany && named !== undefined && named !== propertyPath) return undefined;
    return this.target.relation(inverseRelation.propertyPath);
  }

  /** The side with the join table, where it names this one as its inverse and this one names none. */
  #owningManyToMany(): RelationModel | undefined {
    const { isManyToMany, isOwning, junctionEntityMetadata } = this.metadata;
    if (!isManyToMany || isOwning) return undefined;
    return this.target.relations.find(
      ({ metadata }) => metadata.isOwning && metadata.junctionEntityMetadata === junctionEntityMetadata,
    );
  }

  /** Foreign key and referenced columns, whichever side holds them; none for a many-to-many. */
  get joins(): readonly JoinedColumns[] {
    return (this.#joins ??= this.#joinedColumns());
  }

  /** The side of a many-to-many whose decorators declare the join table. */
  get owningSide(): RelationModel {
    const { isOwning, inverseRelation } = this.metadata;
    if (isOwning) return this;
    return inverseRelation ? this.target.relation(inverseRelation.propertyPath)! : this.#owningManyToMany()!;
  }

  /** Its join table, where it has one. */
  get junction(): JunctionModel | undefined {
    if (!this.isManyToMany) return undefined;
    return (this.#junction ??= this.#junctionModel());
  }

  /** The property, part by part. */
  get path(): readonly string[] {
    return this.#property.path;
  }

  /** The value of its property in an object. */
  read(entity: object): unknown {
    return this.#property.read(entity);
  }

  /** Sets its property in an object. */
  write(entity: object, value: unknown): void {
    this.#property.write(entity, value);
  }

  /** `User.posts`, for messages. */
  get label(): string {
    return `${this.model.name}.${this.property}`;
  }

  #joinedColumns(): JoinedColumns[] {
    if (this.isManyToMany) return [];
    const owner = this.holdsKey ? this.metadata : this.metadata.inverseRelation!;
    const [holder, referenced] = this.holdsKey ? [this.model, this.target] : [this.target, this.model];
    return owner.joinColumns.map((column) => ({
      foreign: holder.columnNamed(column.databaseName),
      referenced: referenced.columnNamed(column.referencedColumn!.databaseName),
    }));
  }

  #junctionModel(): JunctionModel {
    const { metadata } = this;
    const owning = this.owningSide.metadata;
    // Where several relations name one inverse, TypeORM registers the table of the last at the inverse.
    const junction = owning.junctionEntityMetadata!;
    const side = (columns: ColumnMetadata[], model: EntityModel): JunctionModel["toOwner"] =>
      columns.map((column) => ({
        quoted: this.#models.dataSource.driver.escape(column.databaseName),
        property: column.propertyName,
        referenced: model.columnNamed(column.referencedColumn!.databaseName),
      }));
    const table = this.#models.quotedTable(junction.tablePath);
    return metadata.isOwning
      ? {
          table,
          metadata: junction,
          toOwner: side(owning.joinColumns, this.model),
          toTarget: side(owning.inverseJoinColumns, this.target),
        }
      : {
          table,
          metadata: junction,
          toOwner: side(owning.inverseJoinColumns, this.model),
          toTarget: side(owning.joinColumns, this.target),
        };
  }
}

/** A property that shows the keys of related rows (`@RelationId`). */
export interface RelationIdModel {
  readonly property: string;
  readonly relation: RelationModel;
  /** TypeORM's own metadata of it. */
  readonly metadata: RelationIdMetadata;
}

/** The relations of one embedded. */
export interface EmbeddedRelations {
  readonly relations: readonly RelationModel[];
  /** The embedded object of an entity; null where it, or one that it is in, was set null, undefined where it was not set. */
  holder(entity: object): object | null | undefined;
  /** Sets a new embedded object, as TypeORM makes it. */
  create(entity: object): object;
}

function groupEmbedded(relations: readonly RelationModel[]): EmbeddedRelations[] {
  const byPath = groupBy(
    relations.filter(({ path }) => path.length > 1),
    ({ path }) => path.slice(0, -1).join("."),
  );
  return [...byPath.values()].map((group) => {
    const embedded = embeddedOf(group[0]!.metadata);
    return { relations: group, holder: (entity) => embedded.read(entity), create: (entity) => embedded.create(entity) };
  });
}

/** Makes each model of a DataSource once. */
export interface ModelRegistry {
  readonly dataSource: DataSource;
  of(metadata: EntityMetadata): EntityModel;
  all(): EntityModel[];
  /** `schema.table` with each part quoted. */
  quotedTable(tablePath: string): string;
}

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

/** One entity as the session and the query see it: TypeORM's metadata without what they do not need. */
export class EntityModel {
  /** TypeORM's own metadata of it. */
  readonly metadata: EntityMetadata;
  /** The name of the entity, `User`. */
  readonly name: string;
  /** Its class, or its EntitySchema. */
  readonly target: EntityTarget;
  /** The quoted table, with its schema where it has one. */
  readonly table: string;
  /** Every column of its table. */
  readonly columns: readonly ColumnModel[];
  /** What is computed when a row is read (`@VirtualColumn`), and never written. */
  readonly computed: readonly ColumnModel[];
  /** The columns of its primary key. */
  readonly primary: readonly ColumnModel[];
  /** Columns that a query selects when it does not say which. */
  readonly selected: readonly ColumnModel[];
  readonly #models: ModelRegistry;
  readonly #byProperty = new Map<string, ColumnModel>();
  readonly #byName = new Map<string, ColumnModel>();
  #relations: readonly RelationModel[] | undefined;
  #referrers: RelationModel[] | undefined;
  #eager: readonly RelationModel[] | undefined;
  #loadsEagerly: boolean | undefined;

  constructor(metadata: EntityMetadata, models: ModelRegistry) {
    this.metadata = metadata;
    this.name = metadata.name;
    this.target = typeof metadata.target === "function" ? metadata.target : schemaOf(metadata, models.dataSource);
    this.#models = models;
    this.table = models.quotedTable(metadata.tablePath);
    this.columns = metadata.columns
      .filter((column) => !column.isVirtualProperty)
      .map((column, index) => new ColumnModel(this, column, index, models.dataSource));
    this.computed = metadata.columns
      .filter((column) => column.isVirtualProperty)
      .map((column, place) => new ColumnModel(this, column, this.columns.length + place, models.dataSource));
    for (const column of this.computed) this.#byProperty.set(column.property, column);
    for (const column of this.columns) {
      if (!column.isVirtual || !this.#byProperty.has(column.property)) this.#byProperty.set(column.property, column);
      this.#byName.set(column.column, column);
    }
    this.primary = this.columns.filter((column) => column.isPrimary);
    this.selected = [...this.columns, ...this.computed].filter(({ metadata: { isSelect } }) => isSelect);
  }

  /** The column that counts the versions of a row (`@VersionColumn`). */
  get version(): ColumnModel | undefined {
    if (this.#version === undefined) this.#version = this.columns.find(({ metadata }) => metadata.isVersion) ?? null;
    return this.#version ?? undefined;
  }
  #version: ColumnModel | null | undefined;

  /** How the tree of the entity (`@Tree`) is kept, where it is more than a parent's key in each row. */
  get tree(): TreeModel | undefined {
    if (this.#tree === undefined) this.#tree = this.#treeModel() ?? null;
    return this.#tree ?? undefined;
  }
  #tree: TreeModel | null | undefined;

  #treeModel(): TreeModel | undefined {
    const { metadata } = this;
    const parent = metadata.treeParentRelation && this.relation(metadata.treeParentRelation.propertyPath);
    if (!parent) return undefined;
    switch (metadata.treeType) {
      case "closure-table": {
        const { tablePath, ancestorColumns, descendantColumns } = metadata.closureJunctionTable;
        const named = (columns: typeof ancestorColumns): string[] =>
          this.primary.map(({ column }) =>
            this.quote(columns.find(({ referencedColumn }) => referencedColumn?.databaseName === column)!.databaseName),
          );
        const [ancestor, descendant] = [named(ancestorColumns), named(descendantColumns)];
        return { kind: "closure", parent, table: this.#models.quotedTable(tablePath), ancestor, descendant };
      }
      case "materialized-path":
        return { kind: "path", parent, path: this.columnNamed(metadata.materializedPathColumn!.databaseName) };
      case "nested-set": {
        const left = this.columnNamed(metadata.nestedSetLeftColumn!.databaseName);
        const right = this.columnNamed(metadata.nestedSetRightColumn!.databaseName);
        return { kind: "nested", parent, left, right };
      }
      default:
        return undefined;
    }
  }

  /** @internal A name as the database wants it quoted. */
  quote(name: string): string {
    return this.#models.dataSource.driver.escape(name);
  }

  /** The column that hides a row when it holds a date (`@DeleteDateColumn`). */
  get deleteDate(): ColumnModel | undefined {
    if (this.#deleteDate === undefined)
      this.#deleteDate = this.columns.find(({ metadata }) => metadata.isDeleteDate) ?? null;
    return this.#deleteDate ?? undefined;
  }
  #deleteDate: ColumnModel | null | undefined;

  /** Every relation that it declares and that the database has. */
  get relations(): readonly RelationModel[] {
    return (this.#relations ??= this.metadata.relations
      .filter((relation) => isStored(relation))
      .map((relation, index) => new RelationModel(this, relation, index, this.#models)));
  }

  /** The relations inside embeddeds, by the embedded that holds them. */
  get embeddedRelations(): readonly EmbeddedRelations[] {
    return (this.#embeddedRelations ??= groupEmbedded(this.relations));
  }
  #embeddedRelations: readonly EmbeddedRelations[] | undefined;

  /** Relations that nothing in the database stores: no side declares a join table or a join column. TypeORM ignores them. */
  get unstored(): readonly RelationMetadata[] {
    return this.metadata.relations.filter((relation) => !isStored(relation));
  }

  /** Relations that are loaded with every object (`eager: true`). */
  get eager(): readonly RelationModel[] {
    return (this.#eager ??= this.relations.filter(({ metadata }) => metadata.isEager));
  }

  /** Properties that show the keys of related rows (`@RelationId`). */
  get relationIds(): readonly RelationIdModel[] {
    return (this.#relationIds ??= this.metadata.relationIds
      .filter(({ relation }) => isStored(relation))
      .map((metadata) => ({
        property: metadata.propertyName,
        relation: this.relation(metadata.relation.propertyPath)!,
        metadata,
      })));
  }
  #relationIds: readonly RelationIdModel[] | undefined;

  /** Whether objects of this entity, or of a class derived from it, have relations that are loaded with them, or show their keys. */
  get loadsEagerly(): boolean {
    return (this.#loadsEagerly ??= [this.metadata, ...this.metadata.childEntityMetadatas].some(
      ({ eagerRelations, relationIds }) => eagerRelations.length + relationIds.length > 0,
    ));
  }

  /** The foreign keys, of whatever entity, that point at this one. */
  referencingRelations(): RelationModel[] {
    return (this.#referrers ??= this.#models
      .all()
      .flatMap(({ relations }) => relations)
      .filter((relation) => relation.holdsKey && (relation.target === this || relation.target === this.root)));
  }

  /** The sides of join tables and closure tables that refer to this entity, with foreign key constraints or without. */
  joinTableSides(): readonly JoinTableSide[] {
    return (this.#joinTableSides ??= [...this.#ofManyToMany(), ...this.#ofClosureTable()]);
  }
  #joinTableSides: readonly JoinTableSide[] | undefined;

  #ofManyToMany(): JoinTableSide[] {
    const owning = this.#models
      .all()
      .flatMap(({ relations }) => relations)
      .filter(({ metadata }) => metadata.isManyToMany && metadata.isOwning);
    return owning.flatMap(({ model, target, junction }) => {
      const { table, toOwner, toTarget } = junction!;
      return [
        ...(model === this || model === this.root ? [{ table, columns: toOwner }] : []),
        ...(target === this || target === this.root ? [{ table, columns: toTarget }] : []),
      ];
    });
  }

  #ofClosureTable(): JoinTableSide[] {
    const { tree } = this;
    if (tree?.kind !== "closure") return [];
    const side = (columns: readonly string[]): JoinTableSide => ({
      table: tree.table,
      columns: columns.map((quoted, place) => ({ quoted, referenced: this.primary[place]! })),
    });
    return [side(tree.ancestor), side(tree.descendant)];
  }

  /** Foreign keys of tables that belong to no entity (join tables, closure tables) and point at this one. */
  junctionForeignKeys(): readonly JunctionForeignKey[] {
    return (this.#pointers ??= this.#models.dataSource.entityMetadatas
      .filter(({ tableType }) => tableType === "junction" || tableType === "closure-junction")
      .flatMap(({ tablePath, foreignKeys }) =>
        foreignKeys
          .filter(({ referencedEntityMetadata }) =>
            [this.metadata, this.root.metadata].includes(referencedEntityMetadata),
          )
          .map(({ columns, referencedColumns, onUpdate }) => ({
            table: this.#models.quotedTable(tablePath),
            columns: columns.map((column, place) => ({
              quoted: this.quote(column.databaseName),
              referenced: this.columnNamed(referencedColumns[place]!.databaseName),
            })),
            onUpdate,
          })),
      ));
  }
  #pointers: readonly JunctionForeignKey[] | undefined;

  /** The column a property holds. */
  column(property: string): ColumnModel | undefined {
    return this.#byProperty.get(property);
  }

  /** The column of a name in the database; one that is missing is a fault of Retort's. */
  columnNamed(name: string): ColumnModel {
    const column = this.#byName.get(name);
    if (!column) throw new Error(`${this.name} has no column ${name}`);
    return column;
  }

  /** What a column of a class above or below this one (single-table inheritance) is here; undefined where it is none. */
  ownColumn(column: ColumnModel): ColumnModel | undefined {
    return column.model === this ? column : this.#byName.get(column.column);
  }

  /** The same for a relation. */
  ownRelation(relation: RelationModel): RelationModel | undefined {
    return relation.model === this ? relation : this.relation(relation.property);
  }

  /** The relation of a property; undefined where there is none. */
  relation(property: string): RelationModel | undefined {
    return this.relations.find((relation) => relation.property === property);
  }

  /** The model of another entity of the same DataSource. */
  sibling(metadata: EntityMetadata): EntityModel {
    return this.#models.of(metadata);
  }

  /** The entity at the top of a single-table inheritance: rows of one table are one set of identities. */
  get root(): EntityModel {
    const { metadata } = this;
    return metadata.tableType === "entity-child" && metadata.parentEntityMetadata
      ? this.#models.of(metadata.parentEntityMetadata).root
      : this;
  }

  /** Whether its objects are objects of another entity too: itself, or a class above it. */
  isA(other: EntityModel): boolean {
    return (
      this === other || this.root === other || this.metadata.inheritanceTree.includes(other.metadata.target as never)
    );
  }

  /** The properties that can be filtered and ordered by: columns and relations. */
  get properties(): string[] {
    return [
      ...this.columns.filter(({ isVirtual }) => !isVirtual).map(({ property }) => property),
      ...this.computed.map(({ property }) => property),
      ...this.relations.map(({ property }) => property),
    ];
  }
}

function isStored({
  isManyToMany,
  junctionEntityMetadata,
  isWithJoinColumn,
  inverseRelation,
}: RelationMetadata): boolean {
  if (isManyToMany) return junctionEntityMetadata !== undefined;
  return isWithJoinColumn || inverseRelation?.isWithJoinColumn === true;
}

/** TypeORM knows an entity without a class by its name only; the schema that the project has written is the better handle. */
function schemaOf({ name }: EntityMetadata, dataSource: DataSource): EntityTarget {
  const declared: unknown[] = Object.values(dataSource.options.entities ?? {});
  const written = declared.find((entity) => (entity as Partial<EntitySchema> | undefined)?.options?.name === name);
  // One that was found by a pattern is in no list; TypeORM takes any schema of this name for it.
  if (written) return written as EntityTarget;
  const { EntitySchema } = typeormOf(dataSource);
  return new EntitySchema<object>({ name, columns: {} }) as EntityTarget;
}
