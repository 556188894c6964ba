import { groupBy } from "../../groups";
import { isPlainObject } from "../../values";
import type { ColumnModel, EntityModel, RelationModel } from "../../metadata/model";
import { isAwaitable } from "../../query/awaitable";
import { Query } from "../../query/query";
import { givenValue, isShown } from "../relations/instrument";
import { hasOnlyKey } from "../relations/relationships";
import type { SessionState } from "../session-state";
import { among, batches, keyOf } from "../state/batches";
import { staleRow } from "../state/errors";
import { keyMaker } from "../state/identity-key";
import { instanceOf, NOT_LOADED, type Instance } from "../state/instance";
import type { LoadContext } from "./entity-loader";

/** The part of a session's context that merging uses. */
export interface MergeContext extends LoadContext {
  loadRelation(entities: readonly object[], relation: RelationModel): Promise<void>;
}

/** An object to merge. */
interface Given {
  readonly entity: object;
  readonly model: EntityModel;
  /** The values of the relations that it has. */
  readonly relations: readonly (readonly [RelationModel, unknown])[];
}

/**
 * Copies objects to the session's objects of the same keys, along the relations that are loaded, as SQLAlchemy's merge
 * cascade does. Plain objects in relations are taken for objects of the relation's entity, as by TypeORM's `save`. All rows of a table are read by few statements, however many objects there are.
 */
export class Merger {
  readonly #state: SessionState;
  readonly #context: MergeContext;
  readonly #modelOf: (entity: object) => EntityModel;
  readonly #given = new Map<object, Given>();
  readonly #targets = new Map<object, object>();

  constructor(state: SessionState, context: MergeContext, modelOf: (entity: object) => EntityModel) {
    this.#state = state;
    this.#context = context;
    this.#modelOf = modelOf;
  }

  async merge(entities: readonly object[]): Promise<object[]> {
    await this.#collect(entities);
    for (const [model, given] of groupBy(this.#given.values(), (one) => one.model)) await this.#find(model, given);
    await this.#loadRelations();
    const given = [...this.#given.values()];
    for (const one of given) this.#checkVersion(one);
    for (const one of given) this.#add(one);
    // Several objects may be of one row, and of the two sides of a relation one may have been changed: what is nearest to the objects
    // that were given is copied last, so that it decides, as by SQLAlchemy's merge.
    for (const one of given.reverse()) this.#copyColumns(one);
    for (const one of given) this.#copyRelations(one);
    return entities.map((entity) => this.#targets.get(entity)!);
  }

  /** Finds the objects to merge: those that were given, and those that they refer to. */
  async #collect(entities: readonly object[]): Promise<void> {
    const queue = new Map(entities.map((entity) => [entity, () => this.#modelOf(entity)]));
    const add = (entity: object, modelOf: () => EntityModel): void => {
      if (!queue.has(entity)) queue.set(entity, modelOf);
    };
    for (const [entity, modelOf] of queue) {
      if (instanceOf(entity)?.owner === this.#state) {
        this.#targets.set(entity, entity);
        continue;
      }
      const model = modelOf();
      const relations: [RelationModel, unknown][] = [];
      for (const relation of model.relations) {
        const value = await valueOf(entity, relation);
        if (value === undefined) continue;
        if (!relation.toMany || isOwnList(entity, relation)) relations.push([relation, value]);
        for (const member of relation.toMany ? ((value ?? []) as Iterable<unknown>) : [value])
          if (this.#isEntity(member)) add(member, () => this.#modelOf(member));
          else if (isPlainObject(member) && (relation.toMany || !hasOnlyKey(relation, member)))
            add(member, () => relation.target);
      }
      this.#given.set(entity, { entity, model, relations });
    }
  }

  #isEntity(value: unknown): value is object {
    if (typeof value !== "object" || value === null) return false;
    return instanceOf(value) !== undefined || this.#state.models.find(value) !== undefined;
  }

  /** Finds the session's objects, reads those that it lacks, and creates those that have no row. */
  async #find(model: EntityModel, given: readonly Given[]): Promise<void> {
    const state = this.#state;
    const maker = keyMaker(model);
    const keys = new Map<Given, { key: unknown; values: unknown[] }>();
    for (const one of given) {
      const values = model.primary.map((column) => column.read(one.entity));
      const key = maker.ofValues(values);
      if (key !== undefined) keys.set(one, { key, values: maker.parts(keyObject(model, one.entity)) });
    }
    const missing = new Map<unknown, unknown[]>();
    for (const { key, values } of keys.values()) {
      const known = state.identities.get(model, key);
      if (!known || known.isExpired) missing.set(key, values);
    }
    const query = Query.of<object>(() => this.#context, model).withDeleted();
    for (const batch of batches([...missing.values()], model.primary.length, state))
      await query.filter(among(model.primary, batch)).all();
    const created = new Map<unknown, object>();
    for (const one of given) {
      const key = keys.get(one)?.key;
      const known = key === undefined ? undefined : state.identities.get(model, key);
      // Its row was not found.
      if (known?.isExpired) state.detach(known);
      const isMerged = known?.owner === state && known.deletion === "none" && known.model.isA(model);
      let target = isMerged ? known.entity : created.get(key);
      if (!target) {
        target = state.registry.relationships.create(model);
        if (key !== undefined) created.set(key, target);
      }
      this.#targets.set(one.entity, target);
    }
  }

  /** Loads the relations that are going to be set, for all objects together. */
  async #loadRelations(): Promise<void> {
    const owners = new Map<RelationModel, object[]>();
    for (const { entity, relations } of this.#given.values())
      for (const [relation] of relations) {
        const target = instanceOf(this.#targets.get(entity)!)!;
        if (!target.snapshot || relation.holdsKey) continue;
        const list = owners.get(relation);
        if (list) list.push(target.entity);
        else owners.set(relation, [target.entity]);
      }
    for (const [relation, entities] of owners) await this.#context.loadRelation([...new Set(entities)], relation);
  }

  #target({ entity }: Given): Instance {
    return instanceOf(this.#targets.get(entity)!)!;
  }

  /** An object that was read before another transaction changed its row must not overwrite it. */
  #checkVersion(given: Given): void {
    const { version } = given.model;
    const value = version?.read(given.entity);
    const stored = version && this.#target(given).snapshot?.[version.index];
    if (stored === undefined || stored === NOT_LOADED || value === undefined || value === null) return;
    if (!version!.codec.same(value, stored)) throw staleRow(given.entity);
  }

  #add(given: Given): void {
    const target = this.#target(given);
    // Its own key is what an added object is compared with others by.
    if (target.owner === this.#state) return;
    for (const column of given.model.primary) copyColumn(column, given.entity, target.entity);
    this.#state.add(target.entity);
  }

  #copyColumns(given: Given): void {
    const { entity } = this.#target(given);
    for (const column of given.model.columns) copyColumn(column, given.entity, entity);
  }

  #copyRelations(given: Given): void {
    const { relationships } = this.#state.registry;
    const target = this.#target(given);
    for (const relation of given.model.relations) this.#copyKey(given.entity, target, relation);
    for (const [relation, value] of given.relations) {
      const merged = relation.toMany ? Array.from((value ?? []) as object[], this.#targetOf) : this.#targetOf(value);
      if (!isSame(target, relation, merged)) relationships.write(target, relation, merged);
    }
  }

  /** A foreign key without a property belongs to the values of an object that was read, though its relation is not loaded. */
  #copyKey(entity: object, target: Instance, relation: RelationModel): void {
    const { relationships } = this.#state.registry;
    const given = instanceOf(entity);
    const own = given?.model.relation(relation.property);
    if (!given?.snapshot || !own?.holdsKey || given.relatedValue(own)) return;
    if (!own.joins.every(({ foreign }) => foreign.isVirtual)) return;
    const [from, to] = [relationships.foreignKey(given, own), relationships.foreignKey(target, relation)];
    if (keyOf([from]) !== keyOf([to])) relationships.write(target, relation, from ?? null);
  }

  readonly #targetOf = (value: unknown): object => (this.#targets.get(value as object) ?? value) as object;
}

/** The value of a relation that an object has; undefined where it is not loaded. */
async function valueOf(entity: object, relation: RelationModel): Promise<unknown> {
  const instance = instanceOf(entity);
  if (!instance) {
    const value = givenValue(entity, relation);
    return value instanceof Promise ? ((await value) as unknown) : isAwaitable(value) ? undefined : value;
  }
  const own = instance.model.relation(relation.property);
  if (!own) return undefined;
  const promise = instance.promises?.get(own);
  if (promise) return promise;
  const related = instance.relatedValue(own);
  return related?.isLoaded ? related.value : undefined;
}

/**
 * Whether a list was loaded or set on this side. One that is only known because its members refer to the object need not be all of the
 * members that the row has: the members' own side is copied.
 */
function isOwnList(entity: object, relation: RelationModel): boolean {
  const instance = instanceOf(entity);
  const own = instance?.model.relation(relation.property);
  return !instance || (own !== undefined && isShown(instance, own));
}

function copyColumn(column: ColumnModel, from: object, to: object): void {
  const value = column.read(from);
  if (value !== undefined) column.write(to, value);
}

function keyObject(model: EntityModel, entity: object): object {
  const key = {};
  for (const column of model.primary) column.write(key, column.read(entity));
  return key;
}

function isSame(target: Instance, relation: RelationModel, value: unknown): boolean {
  const related = target.relatedValue(relation);
  if (!related?.isLoaded) return false;
  if (!relation.toMany) return related.value === value;
  const members = related.members();
  const wanted = value as readonly object[];
  return members.length === wanted.length && members.every((member, place) => member === wanted[place]);
}
