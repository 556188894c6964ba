import { type ForeignKey, type Table, type Unique, displayName, isSameObject } from "../dialect/schema/model";
import {
  ClassReference,
  type Decorator,
  type Options,
  type PropertyDescription,
  PropertyReference,
  decorator,
} from "./description";
import { type EntityTable, type InspectedDatabase, placeOf } from "./entity-table";
import { isSameSet } from "./join-tables";
import { capitalized, pluralProperty, propertyName, relationName, singularProperty } from "./names";

/** The relations that foreign keys and join tables stand for, by the entities that have them as properties. */
export class Relations {
  readonly #database: InspectedDatabase;
  readonly #entities: readonly EntityTable[];
  readonly #properties = new Map<EntityTable, PropertyDescription[]>();
  readonly #foreignKeys = new Map<EntityTable, Decorator[]>();
  /** Unique constraints that a one-to-one relation declares. */
  readonly #declared = new Set<Unique>();

  constructor(database: InspectedDatabase, entities: readonly EntityTable[]) {
    this.#database = database;
    this.#entities = entities;
  }

  of(entity: EntityTable): readonly PropertyDescription[] {
    return this.#properties.get(entity) ?? [];
  }

  declaresUnique(unique: Unique): boolean {
    return this.#declared.has(unique);
  }

  /** @returns the foreign keys to tables that have no entity, a line each */
  addForeignKeys(entity: EntityTable): string[] {
    return entity.table.foreignKeys.flatMap((key) => {
      const target = this.#entities.find(({ table }) => isSameObject(table, key.references));
      if (target) this.#addForeignKey(entity, key, target);
      const columns = key.columns.join(", ");
      return target
        ? []
        : [
            `${displayName(entity.table)}: the foreign key (${columns}) is left out: ${displayName(key.references)} has no entity here`,
          ];
    });
  }

  #addForeignKey(entity: EntityTable, key: ForeignKey, target: EntityTable): void {
    const isSingle = key.columns.length === 1;
    const own = isSingle ? (relationName(key.columns[0]!) ?? propertyName(key.columns[0]!)) : undefined;
    const usual = singularProperty(target.className);
    const name = entity.names.free(own ?? usual, ...(own ? [`${own}${target.className}`] : []));
    const isOne = isUniqueIn(entity.table, key.columns);
    const inverse = this.#inverseName(entity, target, name, isOne);
    const references = [
      new ClassReference(target.className),
      new PropertyReference(target.className, inverse),
    ] as const;
    const isNullable = key.columns.some((column) => entity.table.columns.find((one) => one.name === column)?.nullable);
    const options: Options = {
      onDelete: this.#action(key.onDelete),
      onUpdate: this.#action(key.onUpdate),
      deferrable: key.deferrable,
      nullable: isNullable ? undefined : false,
    };
    const unique = isOne ? this.#uniqueOfRelation(entity.table, key) : undefined;
    if (unique) this.#declared.add(unique);
    const isPlain = !isOne || unique !== undefined || isSameSet(entity.table.primaryKey!.columns, key.columns);
    const joinColumns = key.columns.map((column, place) => ({
      name: column,
      referencedColumnName: target.properties.get(key.referencedColumns[place]!),
      foreignKeyConstraintName: isPlain ? this.#keyName(entity.table, key) : undefined,
    }));
    const type = isNullable ? `${target.className} | null` : target.className;
    this.#add(entity, {
      name,
      type: `Relation<${type}>`,
      decorators: [
        ...(isPlain
          ? [decorator(isOne ? "OneToOne" : "ManyToOne", ...references, options)]
          : // TypeORM would add a unique constraint of its own name.
            [
              decorator("OneToOne", ...references, {
                nullable: options["nullable"],
                createForeignKeyConstraints: false,
              }),
            ]),
        decorator("JoinColumn", joinColumns.length === 1 ? joinColumns[0] : joinColumns),
      ],
    });
    if (!isPlain)
      this.#foreignKeys.set(entity, [...(this.#foreignKeys.get(entity) ?? []), this.#foreignKey(entity, key, target)]);
    this.#add(target, {
      name: inverse,
      type: isOne ? `Relation<${entity.className} | null>` : `Relation<${entity.className}[]>`,
      decorators: [
        decorator(
          isOne ? "OneToOne" : "OneToMany",
          new ClassReference(entity.className),
          new PropertyReference(entity.className, name),
        ),
      ],
    });
  }

  /** Foreign keys that no relation declares. */
  foreignKeysOf(entity: EntityTable): readonly Decorator[] {
    return this.#foreignKeys.get(entity) ?? [];
  }

  #foreignKey(entity: EntityTable, key: ForeignKey, target: EntityTable): Decorator {
    return decorator(
      "ForeignKey",
      new ClassReference(target.className),
      key.columns.map((column) => entity.properties.get(column)!),
      key.referencedColumns.map((column) => target.properties.get(column)!),
      {
        name: key.name,
        onDelete: this.#action(key.onDelete),
        onUpdate: this.#action(key.onUpdate),
        deferrable: key.deferrable,
      },
    );
  }

  /** NO ACTION is what TypeORM takes where nothing is said. */
  #action(name: string): string | undefined {
    return this.#database.dialect.sameAction(name, "NO ACTION") ? undefined : name;
  }

  #inverseName(entity: EntityTable, target: EntityTable, name: string, isOne: boolean): string {
    const plain = isOne ? singularProperty(entity.className) : pluralProperty(entity.className);
    return target.names.free(plain, `${plain}By${capitalized(name)}`);
  }

  /** The name of a foreign key, where it is not the one that TypeORM would give it. */
  #keyName(table: Table, { name, columns, references, referencedColumns }: ForeignKey): string | undefined {
    const { namingStrategy } = this.#database.dataSource;
    const derived = namingStrategy.foreignKeyName(table.name, [...columns], references.name, [...referencedColumns]);
    return name === derived ? undefined : name;
  }

  /** The unique constraint that TypeORM would make for a one-to-one relation. */
  #uniqueOfRelation({ name, uniques }: Table, { columns }: ForeignKey): Unique | undefined {
    const derived = this.#database.dataSource.namingStrategy.relationConstraintName(name, [...columns]);
    return uniques.find((unique) => isSameSet(unique.columns, columns) && unique.name === derived);
  }

  /** @returns what migrations leave alone, a line each */
  addJoinTable(table: Table): string[] {
    const place = ({ columns }: ForeignKey) => table.primaryKey!.columns.indexOf(columns[0]!);
    const keys = [...table.foreignKeys].sort((one, after) => place(one) - place(after));
    const sides = keys.map((key): Side => ({
      key,
      entity: this.#entities.find((entity) => isSameObject(entity.table, key.references))!,
    }));
    const [owner, other] = sides as [Side, Side];
    const name = linkName(owner.entity, other.entity, table);
    const inverse = linkName(other.entity, owner.entity, table);
    const isOfTypeorm = this.#isOfTypeorm(table, owner.key, other.key);
    const joinColumns = ({ key, entity }: Side) =>
      key.columns.map((column, place) => ({
        name: column,
        referencedColumnName: entity.properties.get(key.referencedColumns[place]!),
        foreignKeyConstraintName: this.#keyName(table, key),
      }));
    const actionsOf = ({ key: { onDelete, onUpdate } }: Side, usual?: string): Options =>
      isOfTypeorm
        ? { onDelete: onDelete === usual ? undefined : onDelete, onUpdate: onUpdate === usual ? undefined : onUpdate }
        : {};
    this.#add(owner.entity, {
      name,
      type: `Relation<${other.entity.className}[]>`,
      decorators: [
        decorator(
          "ManyToMany",
          new ClassReference(other.entity.className),
          new PropertyReference(other.entity.className, inverse),
          actionsOf(owner, "CASCADE"),
        ),
        decorator("JoinTable", {
          name: table.name,
          ...placeOf(this.#database, table),
          joinColumns: joinColumns(owner),
          inverseJoinColumns: joinColumns(other),
          synchronize: isOfTypeorm ? undefined : false,
        }),
      ],
    });
    this.#add(other.entity, {
      name: inverse,
      type: `Relation<${owner.entity.className}[]>`,
      decorators: [
        decorator(
          "ManyToMany",
          new ClassReference(owner.entity.className),
          new PropertyReference(owner.entity.className, name),
          // TypeORM 0.3 takes NO ACTION where this side says nothing, 1.x CASCADE.
          actionsOf(other),
        ),
      ],
    });
    return isOfTypeorm
      ? []
      : [`${displayName(table)} stays as it is: TypeORM would make a join table with other indexes`];
  }

  /** Whether the table is what TypeORM makes of a many-to-many relation: names, indexes and actions. */
  #isOfTypeorm(table: Table, ...keys: [ForeignKey, ForeignKey]): boolean {
    const { namingStrategy } = this.#database.dataSource;
    const { primaryKey, indexes, uniques, comment } = table;
    const isNamed =
      primaryKey!.name === undefined ||
      primaryKey!.name === namingStrategy.primaryKeyName(table.name, [...primaryKey!.columns]);
    const inOrder = keys.flatMap(({ columns }) => columns).join("\0") === primaryKey!.columns.join("\0");
    return (
      isNamed &&
      inOrder &&
      uniques.length === 0 &&
      comment === undefined &&
      indexes.length === 2 &&
      keys.every((key) => !key.deferrable) &&
      keys.every(({ columns }) =>
        indexes.some(({ name }) => name === namingStrategy.indexName(table.name, [...columns])),
      )
    );
  }

  #add(entity: EntityTable, property: PropertyDescription): void {
    const known = this.#properties.get(entity);
    if (known) known.push(property);
    else this.#properties.set(entity, [property]);
  }
}

/** One foreign key of a join table, and the entity that it refers to. */
interface Side {
  readonly key: ForeignKey;
  readonly entity: EntityTable;
}

/** `posts`; where that is taken, `postsByPostLikes`. */
function linkName({ names }: EntityTable, { className }: EntityTable, { name }: Table): string {
  const plural = pluralProperty(className);
  return names.free(plural, `${plural}By${capitalized(propertyName(name))}`);
}

function isUniqueIn({ primaryKey, uniques, indexes }: Table, columns: readonly string[]): boolean {
  if (primaryKey && isSameSet(primaryKey.columns, columns)) return true;
  if (uniques.some((unique) => isSameSet(unique.columns, columns))) return true;
  return indexes.some(
    (index) =>
      index.unique &&
      !index.where &&
      isSameSet(
        index.columns.map(({ name = "" }) => name),
        columns,
      ),
  );
}
