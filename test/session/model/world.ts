import type { DataSource } from "typeorm";
import { Session, type Savepoint } from "../../../src";
import {
  columns,
  copyOfValues,
  keyOf,
  kinds,
  Model,
  pair,
  references,
  type Handle,
  type Kind,
  type Refusal,
  type Row,
} from "./model";
import { entities } from "../../helpers/entities/magazine";

export type Thing = Record<string, unknown>;

/** What a refusal may be called: by the database, or by the session that sees it coming. */
const codes: Record<Refusal, readonly string[]> = {
  duplicate: ["database/unique", "session/duplicate-key"],
  "missing reference": ["database/not-null", "value/missing"],
  "children in the way": ["session/orphans", "database/foreign-key"],
};

/** What became of an object that has no row. */
type Fate = "undone" | "deleted" | "detached";

/** A session and its database beside the model of both; every step is done to both, and they are compared. */
export class World {
  readonly model = new Model();
  readonly dataSource: DataSource;
  session: Session;
  savepoints: Savepoint[] = [];
  /** The session's objects, as far as the program has met them. */
  readonly objects = new Map<Handle, Thing>();
  /** Objects that have no row, with what the model knows of them: made and rolled back, or deleted. */
  readonly outside = new Map<Handle, Fate>();
  /** Collections in their order, as they were at the last commit and at the savepoints. */
  #orders: Map<unknown[], unknown[]>[] = [];
  /** What was outside then. */
  #fates: ReadonlyMap<Handle, Fate>[] = [new Map()];
  #next = 1;

  constructor(dataSource: DataSource) {
    this.dataSource = dataSource;
    this.session = new Session(dataSource);
    this.#orders = [this.#order()];
  }

  // Making

  newHandle(): Handle {
    return this.#next++;
  }

  /** A key that the database makes for nobody. */
  newKey(): number {
    return -this.#next++;
  }

  create(handle: Handle, row: Row): Thing {
    const object = this.session.create(entities[row.kind], {
      ...copyOfValues(row.values),
      ...(row.kind === "label" && { word: row.key }),
    } as never) as Thing;
    this.objects.set(handle, object);
    this.model.add(handle, row);
    return object;
  }

  /** The object of a row, read where the session has not met it. */
  async object(handle: Handle): Promise<Thing> {
    const known = this.objects.get(handle);
    if (known) return known;
    const { kind, key } = this.model.row(handle);
    const found = await this.session.noAutoflush(() => this.session.get(entities[kind], key!));
    if (!found) throw new Error(`get(${kind}, ${key}) found nothing`);
    this.objects.set(handle, found);
    return found;
  }

  /** The handle of an object; one that comes along with a query is met here. */
  handleOf(kind: Kind, object: Thing | null): Handle | null {
    if (object === null) return null;
    for (const [handle, known] of this.objects) if (known === object) return handle;
    const key = object[keyOf(kind)];
    for (const [handle, row] of this.model.stored.rows) {
      if (row.kind !== kind || row.key !== key) continue;
      const twin = this.objects.get(handle);
      if (twin) throw new Error(`two objects for ${kind} ${String(key)}`);
      this.objects.set(handle, object);
      return handle;
    }
    throw new Error(`${kind} ${String(key)} should not be there`);
  }

  // Writing

  /** Does something that flushes; where the model refuses the flush, the session has to. Gives whether it went through. */
  async flushing(work: () => Promise<unknown>): Promise<boolean> {
    const before = this.model.stored.rows;
    const refusals = this.model.flush();
    const error = await work().then(
      () => undefined,
      (failure: unknown) => failure as Error & { code?: string },
    );
    const expected = refusals.flatMap((refusal) => codes[refusal]);
    if (!error && expected.length === 0) {
      this.#afterFlush(before);
      return true;
    }
    if (!error) throw new Error(`expected one of ${expected.join(", ")}, and all went well`);
    if (!expected.includes(error.code ?? "")) throw error;
    return false;
  }

  /** Keys and versions are known, and who was deleted is out. */
  #afterFlush(before: ReadonlyMap<Handle, Row>): void {
    for (const rows of [this.model.now.rows, this.model.stored.rows])
      for (const [handle, row] of rows) row.key ??= this.objects.get(handle)!["id"] as number;
    for (const handle of this.objects.keys())
      if (!this.model.now.rows.has(handle) && !this.outside.has(handle))
        this.outside.set(handle, before.has(handle) ? "deleted" : "undone");
  }

  async commit(): Promise<boolean> {
    if (!(await this.flushing(() => this.session.commit()))) return false;
    this.model.commit();
    this.savepoints = [];
    for (const [handle, fate] of this.outside) if (fate === "deleted") this.outside.set(handle, "detached");
    this.#orders = [this.#order()];
    this.#fates = [new Map(this.outside)];
    return true;
  }

  async rollback(): Promise<void> {
    await this.session.rollback();
    this.model.rollback();
    this.savepoints = [];
    this.#orders.length = 1;
    this.#fates.length = 1;
    this.#restored();
  }

  async savepoint(): Promise<boolean> {
    let opened: Savepoint | undefined;
    if (!(await this.flushing(async () => (opened = await this.session.beginNested())))) return false;
    this.savepoints.push(opened!);
    this.model.savepoint();
    this.#orders.push(this.#order());
    this.#fates.push(new Map(this.outside));
    return true;
  }

  async release(depth: number): Promise<boolean> {
    if (!(await this.flushing(() => this.savepoints[depth]!.commit()))) return false;
    this.savepoints.length = depth;
    this.model.release(depth);
    this.#orders.length = depth + 1;
    this.#fates.length = depth + 1;
    return true;
  }

  async rollbackTo(depth: number): Promise<void> {
    await this.savepoints[depth]!.rollback();
    this.savepoints.length = depth;
    this.model.rollbackTo(depth);
    this.#restored(this.#orders[depth + 1]!, this.#fates[depth + 1]!);
    this.#orders.length = depth + 1;
    this.#fates.length = depth + 1;
  }

  /** Rows that were made are gone, rows that were deleted are back, and collections have their order. */
  #restored(orders = this.#orders[0]!, fates = this.#fates[0]!): void {
    this.outside.clear();
    for (const handle of this.objects.keys())
      if (!this.model.now.rows.has(handle)) this.outside.set(handle, fates.get(handle) ?? "undone");
    for (const [collection, order] of orders)
      if (this.#isShown(collection) && this.#labels(collection).join() !== this.#labels(order).join())
        throw new Error(
          `a collection has lost its order: ${this.#labels(order).join()} is ${this.#labels(collection).join()}`,
        );
    for (const list of ["new", "dirty", "deleted"] as const)
      if (this.session[list].length > 0) throw new Error(`session.${list} is not empty after a rollback`);
    this.compareStates();
  }

  async reopen(): Promise<void> {
    await this.session.close();
    for (const [handle, object] of this.objects)
      if (!["detached", "transient"].includes(this.session.state(object)))
        throw new Error(`${handle} is ${this.session.state(object)} after close()`);
    this.model.rollback();
    this.savepoints = [];
    this.objects.clear();
    this.outside.clear();
    this.session = new Session(this.dataSource);
    this.#orders = [this.#order()];
    this.#fates = [new Map(this.outside)];
  }

  // Comparing

  /** What memory shows without asking the database has to be what the model says. */
  compareMemory(): void {
    this.compareStates();
    // Before they are flushed, deletions show nowhere but in the session's list of them.
    if (this.model.deleting.size > 0) return;
    for (const [handle, object] of this.objects)
      if (this.model.now.rows.has(handle)) this.compare(handle, object, (kind, other) => this.handleOf(kind, other));
  }

  /** An object against its row; relations as far as they are loaded. */
  compare(handle: Handle, object: Thing, handleOf: (kind: Kind, object: Thing | null) => Handle | null): void {
    const row = this.model.row(handle);
    const name = `${row.kind} #${handle}`;
    for (const column of columns[row.kind]) same(object[column], row.values[column], `${name}.${column}`);
    if (this.model.stored.rows.has(handle)) {
      same(object[keyOf(row.kind)], row.key, `${name}'s key`);
      same(object["version"], this.model.stored.rows.get(handle)!.version, `${name}.version`);
    }
    for (const reference of references) {
      if (reference.kind === row.kind) {
        const value = (object[reference.field] ?? null) as Thing | null;
        if (value === null || !isPromise(value))
          same(handleOf(reference.to, value), row.refs[reference.field], `${name}.${reference.field}`);
      }
      if (reference.to === row.kind && isLoaded(object, reference.back)) {
        const children = this.model.childrenOf(handle, reference);
        const shown = reference.single
          ? [object[reference.back]].filter((one) => one !== null)
          : (object[reference.back] as Thing[]);
        sameMembers(
          (shown as Thing[]).map((one) => handleOf(reference.kind, one)),
          children,
          `${name}.${reference.back}`,
        );
      }
    }
    if (row.kind === "article" && isLoaded(object, "labels"))
      sameMembers(
        (object["labels"] as Thing[]).map((one) => handleOf("label", one)),
        this.model.labelsOf(handle),
        `${name}.labels`,
      );
    if (row.kind === "label" && isLoaded(object, "articles"))
      sameMembers(
        (object["articles"] as Thing[]).map((one) => handleOf("article", one)),
        this.model.articlesOf(handle),
        `${name}.articles`,
      );
  }

  compareStates(): void {
    for (const [handle, object] of this.objects) {
      const state = this.session.state(object);
      const stored = this.model.stored.rows.has(handle);
      const fate = this.outside.get(handle);
      const expected = fate
        ? [fate === "undone" ? "transient" : fate]
        : stored
          ? ["persistent"]
          : // One that was put into a collection joins the session with the next flush.
            ["pending", "transient"];
      if (!expected.includes(state)) throw new Error(`#${handle} is ${state}, not ${expected.join(" or ")}`);
    }
  }

  /** Memory, and the identity map, against what another session reads. */
  async compareWithFresh(): Promise<void> {
    this.compareMemory();
    const session = new Session(this.dataSource);
    try {
      const found = new Map<Thing, Handle>();
      for (const kind of kinds) {
        const rows = this.model.living(kind);
        const all = await session.query(entities[kind]).all();
        for (const object of all) {
          const handle = rows.find((one) => this.model.row(one).key === object[keyOf(kind)]);
          if (handle === undefined) throw new Error(`a fresh session finds a ${kind} that should not be there`);
          found.set(object, handle);
        }
        if (all.length !== rows.length)
          throw new Error(`a fresh session finds ${all.length} of ${rows.length} ${kind}s`);
      }
      for (const [object, handle] of found) {
        const { kind } = this.model.row(handle);
        for (const { kind: child, field, to, back } of references) {
          if (child === kind) await object[field];
          if (to === kind) await object[back];
        }
        if (kind === "article") await object["labels"];
        if (kind === "label") await object["articles"];
      }
      for (const [object, handle] of found) this.compare(handle, object, (_, other) => other && found.get(other)!);
    } finally {
      await session.close();
    }
  }

  /** Every row of the session is found under its key, as the one object that stands for it. */
  async compareIdentities(): Promise<void> {
    for (const [handle, row] of this.model.now.rows) {
      const found = await this.session.get(entities[row.kind], row.key!);
      if (this.handleOf(row.kind, found) !== handle)
        throw new Error(`get(${row.kind}, ${row.key}) gives another object`);
    }
    this.compareMemory();
  }

  /** The tables, read by plain SQL, against the model. */
  async compareDatabase(): Promise<void> {
    const { rows, pairs } = this.model.committed;
    for (const kind of kinds) {
      const stored = await this.#table(kind);
      const expected = [...rows.values()].filter((row) => row.kind === kind).map((row) => this.#asStored(row));
      sameMembers(stored.map(text), expected.map(text), `table ${kind}`);
    }
    const stored = await this.#table("article_label");
    const expected = [...rows].flatMap(([article, { kind, key }]) =>
      kind !== "article"
        ? []
        : [...rows]
            .filter(([label, row]) => row.kind === "label" && pairs.has(pair(article, label)))
            .map(([, label]) => ({ articleId: key, labelWord: label.key })),
    );
    sameMembers(stored.map(text), expected.map(text), "table article_label");
  }

  async #table(name: string): Promise<Thing[]> {
    const rows = await this.dataSource.query<Thing[]>(`SELECT * FROM ${this.dataSource.driver.escape(name)}`);
    return rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([column, value]) => {
          if (column === "tags") return [column, JSON.parse(value as string)];
          if (column !== "born" || value === null) return [column, value];
          return [
            column,
            (value instanceof Date ? value : new Date(`${(value as string).replace(" ", "T")}Z`)).toISOString(),
          ];
        }),
      ),
    );
  }

  #asStored({ kind, key, version, values, refs }: Row): Thing {
    const { rows } = this.model.committed;
    return {
      ...(kind === "label" ? { word: key } : { id: key }),
      ...values,
      ...(version !== undefined && { version }),
      ...Object.fromEntries(
        Object.entries(refs).map(([field, other]) => [`${field}Id`, other === null ? null : rows.get(other)!.key]),
      ),
    };
  }

  // The order of collections

  #order(): Map<unknown[], unknown[]> {
    const orders = new Map<unknown[], unknown[]>();
    for (const [handle, object] of this.objects)
      if (this.model.now.rows.has(handle))
        for (const [property, value] of Object.entries(object))
          if (property !== "tags" && Array.isArray(value)) orders.set(value, [...(value as unknown[])]);
    return orders;
  }

  #isShown(collection: unknown[]): boolean {
    return [...this.objects.values()].some((object) => Object.values(object).includes(collection));
  }

  #labels(collection: readonly unknown[]): unknown[] {
    return collection.map((member) => [...this.objects].find(([, object]) => object === member)?.[0]);
  }
}

export function isLoaded(object: Thing, property: string): boolean {
  return Object.keys(object).includes(property);
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null)?.then === "function";
}

function text(row: Thing): string {
  return JSON.stringify(Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))));
}

function same(actual: unknown, expected: unknown, what: string): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected))
    throw new Error(`${what} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
}

function sameMembers(actual: readonly unknown[], expected: readonly unknown[], what: string): void {
  const [found, wanted] = [actual.map(String).sort(), expected.map(String).sort()];
  if (found.join() !== wanted.join()) throw new Error(`${what} is [${found.join()}], not [${wanted.join()}]`);
}
