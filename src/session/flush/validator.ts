import { missingKey, nameOf } from "../state/errors";
import { valueMissing, valueRefused } from "../../metadata/errors";
import { isLeftToDatabase } from "../../metadata/inspection/refusal";
import { compiled } from "../../metadata/compiled";
import type { ColumnModel, EntityModel, RelationModel } from "../../metadata/model";
import type { Instance } from "../state/instance";
import type { Update } from "./change-set";
import { currentValue, foreignKeysOf } from "../state/values";

/** Refuses values that the database would refuse, cut, round or change, before anything of a flush is sent. */
export class Validator {
  readonly #strict: boolean;

  /** @param strict whether to refuse values that the database would store in another form */
  constructor(strict: boolean) {
    this.#strict = strict;
  }

  check(inserts: Iterable<Instance>, updates: Iterable<Update>): void {
    for (const instance of inserts) this.#checkInsert(instance);
    for (const update of updates)
      if (update.instance.reusesRowOf) this.#checkInsert(update.instance);
      else this.#checkUpdate(update);
  }

  #checkInsert(instance: Instance): void {
    const { model, entity } = instance;
    const rules = rulesOf(model);
    if (!rules.areMet(entity)) for (const column of rules.columns) this.#checkColumn(instance, column);
    for (const relation of rules.required)
      if (!hasTarget(instance, relation)) throw valueMissing(relation, nameOf(entity));
  }

  #checkColumn(instance: Instance, column: ColumnModel): void {
    const value = column.read(instance.entity);
    if (value !== null && value !== undefined) this.#inspect(instance, column, value);
    else if (isRequired(column, value)) {
      if (column.isPrimary) throw missingKey(instance.entity, column);
      throw valueMissing(column, nameOf(instance.entity));
    }
  }

  #checkUpdate({ instance, changes }: Update): void {
    for (const { column, value } of changes) {
      if (value !== null && value !== undefined) this.#inspect(instance, column, value);
      else if (!column.metadata.isNullable && !isDeferred(instance, column))
        throw valueMissing(foreignKeysOf(instance.model)[column.index]?.relation ?? column, nameOf(instance.entity));
    }
  }

  #inspect({ entity }: Instance, column: ColumnModel, value: unknown): void {
    const refusal = column.inspect(value);
    if (refusal && (this.#strict || !isLeftToDatabase(refusal)))
      throw valueRefused(column, value, refusal, nameOf(entity));
  }
}

interface Rules {
  /** The columns that an INSERT writes from properties. */
  readonly columns: readonly ColumnModel[];
  /** Relations whose foreign key must not be NULL. */
  readonly required: readonly RelationModel[];
  /** Whether every column has an allowed value; compiled for the entity. */
  areMet(entity: object): boolean;
}

const known = new WeakMap<EntityModel, Rules>();

function rulesOf(model: EntityModel): Rules {
  let rules = known.get(model);
  if (!rules) known.set(model, (rules = makeRules(model)));
  return rules;
}

function makeRules(model: EntityModel): Rules {
  const keys = foreignKeysOf(model);
  const columns = model.columns.filter(
    ({ isVirtual, isOfChild, index, metadata }) =>
      !isVirtual &&
      !isOfChild &&
      !keys[index] &&
      metadata.isInsert &&
      !metadata.isDiscriminator &&
      !metadata.isVersion &&
      metadata.asExpression === undefined,
  );
  const required = model.columns.filter(
    ({ index, metadata, hasDefault }) => keys[index] && metadata.isInsert && !metadata.isNullable && !hasDefault,
  );
  return {
    columns,
    required: [...new Set(required.map(({ index }) => keys[index]!.relation))],
    areMet: compileAreMet(columns),
  };
}

function compileAreMet(columns: readonly ColumnModel[]): (entity: object) => boolean {
  const conditions = columns.map((column, place) => {
    const value = column.path.length === 1 ? `entity[${JSON.stringify(column.property)}]` : `read[${place}](entity)`;
    const none = isRequired(column, undefined) ? "false" : isRequired(column, null) ? "value === undefined" : "true";
    return `((value = ${value}) === null || value === undefined ? ${none} : inspect${place}(value) === undefined)`;
  });
  const inspectors = columns.map((_, place) => `const inspect${place} = columns[${place}].inspect;`);
  return compiled(
    ["columns", "read"],
    [columns, columns.map((column) => (entity: object) => column.read(entity))],
    `${inspectors.join("\n")}\nreturn function areMet(entity) { let value; return ${conditions.join("\n&& ") || "true"}; };`,
  );
}

/** Whether an INSERT with null, or with nothing, would be refused. */
function isRequired({ metadata, hasDefault, isGenerated }: ColumnModel, value: null | undefined): boolean {
  if (metadata.isNullable || isGenerated) return false;
  return value === null || !hasDefault;
}

/** Whether the columns of a foreign key that must not be NULL have values, or will have them when the row that it refers to is written. */
function hasTarget(instance: Instance, relation: RelationModel): boolean {
  const reference = instance.reference(relation);
  if (reference?.isChanged && reference.entity) return true;
  return relation.joins.every(({ foreign }) => {
    if (foreign.metadata.isNullable && !foreign.isPrimary) return true;
    const value = currentValue(instance, foreign);
    return value !== null && value !== undefined;
  });
}

/** Whether a foreign key has no value yet because the row that it refers to is written by the same flush. */
function isDeferred(instance: Instance, column: ColumnModel): boolean {
  const key = foreignKeysOf(instance.model)[column.index];
  return key !== undefined && Boolean(instance.reference(key.relation)?.entity);
}
