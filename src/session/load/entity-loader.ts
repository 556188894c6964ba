import type { Connection, MaybePromise, Row } from "../../dialect/dialect";
import { EntityModel, type ColumnModel, type EntityTarget, type RelationModel } from "../../metadata/model";
import type { MaterializeOptions, QueryContext, Segment } from "../../query/context";
import { condition, ROOT, type Condition } from "../../query/expression";
import { Query } from "../../query/query";
import type { SessionState } from "../session-state";
import { keyMaker } from "../state/identity-key";
import { instanceOf, type Instance, type RelationSource } from "../state/instance";
import { loadRelation, relatedTo } from "./relation-loader";
import { RowReader } from "./row-reader";

/** What loading uses of a session besides its state. */
export interface LoadContext extends QueryContext {
  /** Throws where the session is closed, or an earlier flush failed. */
  check(): void;
  /** Whether an operation is running that a read has to wait for. */
  readonly isBusy: boolean;
  /** The open connection, without a flush. */
  connected(): MaybePromise<Connection>;
}

/**
 * Runs queries of a flush or a bulk write: they do not autoflush, and do not wait for the operation that they are part of.
 */
export type WithoutAutoflush = <T>(work: (context: QueryContext) => Promise<T>) => Promise<T>;

/** Loads objects by key, relations of objects, and the objects of a query's rows. */
export class EntityLoader implements RelationSource {
  readonly #state: SessionState;
  readonly #context: LoadContext;
  readonly #reader: RowReader;

  constructor(state: SessionState, context: LoadContext) {
    this.#state = state;
    this.#context = context;
    this.#reader = new RowReader(state, context);
  }

  /** The entity of a key: the loaded one, unless it is expired, or read from the database; null where there is no row. */
  async get(entity: EntityModel | EntityTarget, key: unknown): Promise<object | null> {
    const state = this.#state;
    const model = entity instanceof EntityModel ? entity : state.models.get(entity);
    const maker = keyMaker(model);
    const parts = maker.parts(key);
    const known = state.identities.get(model, maker.ofValues(parts));
    if (known && known.generation === state.generation && !this.#context.isBusy) {
      this.#context.check();
      return known.deletion === "none" && known.model.isA(model) && !isSoftRemoved(known) ? known.entity : null;
    }
    // Changes of other objects cannot change which row has this key, so only new objects have to be flushed.
    const ready =
      state.pending.size > 0 || this.#context.isBusy
        ? this.#context.ready(`${model.name}.get()`)
        : this.#context.connected();
    const connection = ready instanceof Promise ? await ready : ready;
    const { sql, rest } = getStatementOf(model, this.#context);
    const parameters = model.primary.map(({ codec }, place) =>
      codec.encode ? codec.encode(parts[place]) : parts[place],
    );
    const sent = connection.rows(sql, rest.length === 0 ? parameters : [...parameters, ...rest]);
    const rows = sent instanceof Promise ? await sent : sent;
    if (rows.length === 0) {
      // With a delete date the row may only be hidden.
      if (known && !model.deleteDate) state.detach(known);
      return null;
    }
    const entities = this.materialize([{ model, offset: 0 }], rows, { populateExisting: false });
    return (entities instanceof Promise ? await entities : entities)[0]!;
  }

  materialize(segments: readonly Segment[], rows: readonly Row[], options: MaterializeOptions): MaybePromise<object[]> {
    return this.#reader.read(segments, rows, options);
  }

  // Relations

  async load(instance: Instance, relation: RelationModel): Promise<unknown> {
    const { options } = this.#state;
    const group = options.lazyLoading === "batch" ? (instance.group?.instances ?? [instance]) : [instance];
    const owners = group.filter(
      (other) =>
        other.owner === this.#state && other.snapshot && other.deletion === "none" && !isLoaded(other, relation),
    );
    await this.#load(owners.includes(instance) ? owners : [instance], relation, undefined);
    return instance.relatedValue(relation)?.value;
  }

  async loadRelation(entities: readonly object[], relation: RelationModel, newlyLoaded?: Set<object>): Promise<void> {
    const owners = entities
      .map((entity) => instanceOf(entity)!)
      .filter((instance) => has(instance, relation) && !isLoaded(instance, relation));
    if (owners.length > 0) await this.#load(owners, relation, newlyLoaded);
  }

  #load(owners: readonly Instance[], relation: RelationModel, newlyLoaded: Set<object> | undefined): Promise<void> {
    const { relationships } = this.#state.registry;
    return loadRelation({ context: this.#context, relationships, relation, newlyLoaded }, owners);
  }

  relatedQuery(instance: Instance, relation: RelationModel): Query<object> {
    return Query.of<object>(() => this.#context, relation.target).filter(
      relatedTo(this.#state.registry.relationships, instance, relation),
    );
  }
}

/** The statement of `get`: the parts of the key are its first parameters. */
interface GetStatement {
  readonly sql: string;
  /** The parameters after the key. */
  readonly rest: readonly unknown[];
}

const getStatements = new WeakMap<EntityModel, GetStatement>();

/** Compiled once for all sessions and keys: a server opens a session for each request, and compiling takes longer than the rest of `get`. */
function getStatementOf(model: EntityModel, context: QueryContext): GetStatement {
  let statement = getStatements.get(model);
  if (!statement) {
    const query = Query.of<object>(() => context, model).filter(...model.primary.map(isParameter));
    const { sql, parameters } = query.toSQL();
    getStatements.set(model, (statement = { sql, rest: parameters.slice(model.primary.length) }));
  }
  return statement;
}

/** Compares a column with a parameter whose value is sent later. */
function isParameter(column: ColumnModel): Condition {
  return condition((renderer) => `${renderer.column(column, ROOT)} = ${renderer.parameter(null)}`);
}

/** A soft-removed object is not found by its key either. */
function isSoftRemoved({ model: { deleteDate }, entity }: Instance): boolean {
  return deleteDate !== undefined && (deleteDate.read(entity) ?? null) !== null;
}

function isLoaded(instance: Instance, relation: RelationModel): boolean {
  return instance.relatedValue(relation)?.isLoaded === true;
}

/** With single-table inheritance, a relation of one class of a table need not exist in the others. */
function has({ model }: Instance, relation: RelationModel): boolean {
  return model.ownRelation(relation) !== undefined;
}
