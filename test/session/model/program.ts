import fc from "fast-check";
import {
  columns,
  copyOfValues,
  keyOf,
  kinds,
  pair,
  references,
  type Handle,
  type Kind,
  type Reference,
  type Row,
} from "./model";
import { entities } from "../../helpers/entities/magazine";
import { isLoaded, World, type Thing } from "./world";
import type { DataSource } from "typeorm";

/** One step of a program. Numbers choose among what there is when the step is taken, so that a shorter program still runs. */
export interface Step {
  readonly op: keyof typeof operations;
  readonly who: number;
  readonly what: number;
  readonly how: number;
}

const operations = {
  /** A new object, added, or put into a parent's collection and left to the cascade. */
  async add(world, { who, what, how }) {
    const kind = choose(kinds, who)!;
    const row = newRow(kind, what);
    if (kind === "label") row.key = `w${what % 6}`;
    const parents: [Reference, Handle][] = [];
    for (const reference of references.filter((one) => one.kind === kind)) {
      const parent = choose(
        world.model.living(reference.to).filter((one) => isOpen(world, reference, one)),
        what,
      );
      if (reference.nullable ? how % 3 === 0 : false) continue;
      if (parent === undefined) {
        if (!reference.nullable) return;
        continue;
      }
      parents.push([reference, parent]);
    }
    const objects = await Promise.all(parents.map(([, parent]) => world.object(parent)));
    for (const [reference, parent] of parents) displace(world, reference, parent);
    const object = world.create(world.newHandle(), row);
    const [cascade] = how % 2 === 0 && parents.length > 0 && !parents[0]![0].single ? [true] : [false];
    if (!cascade) world.session.add(object);
    parents.forEach(([{ field, back }, parent], place) => {
      row.refs[field] = parent;
      if (cascade && place === 0) (objects[place]![back] as Thing[]).push(object);
      else object[field] = objects[place];
    });
  },

  /** A club and its captain, neither of which can be without the other. */
  async found(world, { what, how }) {
    const [club, player] = [newRow("club", what), newRow("player", what)];
    const [one, other] = [world.newHandle(), world.newHandle()];
    const objects = [world.create(one, club), world.create(other, player)] as const;
    objects[0]["captain"] = objects[1];
    objects[1]["club"] = objects[0];
    club.refs["captain"] = other;
    player.refs["club"] = one;
    world.session.add(...(how % 2 === 0 ? objects : [...objects].reverse()));
  },

  async change(world, { who, what }) {
    const handle = choose(world.model.living(), who);
    if (handle === undefined) return;
    const row = world.model.row(handle);
    const object = await world.object(handle);
    const column = columns[row.kind][0]!;
    object[column] = row.values[column] = row.kind === "person" ? ages[what % ages.length] : `v${what % 4}`;
  },

  async rename(world, { who, what }) {
    const handle = choose(world.model.living("person"), who);
    const name = `n${what % 8}`;
    if (handle === undefined) return;
    (await world.object(handle))["name"] = world.model.row(handle).values["name"] = name;
  },

  /** Keys change: to one that is free, or perhaps not, or two rows exchange theirs. */
  async rekey(world, { who, what, how }) {
    const rows = world.model.living().filter((one) => world.model.stored.rows.has(one));
    const handle = choose(rows, who);
    if (handle === undefined) return;
    const row = world.model.row(handle);
    const property = keyOf(row.kind);
    const object = await world.object(handle);
    const other = choose(
      rows.filter((one) => one !== handle && world.model.row(one).kind === row.kind),
      what,
    );
    if (how % 2 === 0 && other !== undefined) {
      const [second, twin] = [world.model.row(other), await world.object(other)];
      [row.key, second.key] = [second.key, row.key];
      [object[property], twin[property]] = [row.key, second.key];
    } else object[property] = row.key = row.kind === "label" ? `w${what % 6}` : world.newKey();
  },

  /** Two that belong to one each change places. */
  async swap(world, { who, what }) {
    const reference = choose(
      references.filter(({ single }) => single),
      who,
    )!;
    const children = world.model
      .living(reference.kind)
      .filter((child) => !isBrought(world, child) && world.model.row(child).refs[reference.field] !== null);
    const [one, other] = [choose(children, what), choose(children, what + 1)];
    if (one === undefined || other === undefined || one === other) return;
    const [left, right] = [world.model.row(one).refs, world.model.row(other).refs];
    if ([left, right].some((refs) => world.model.deleting.has(refs[reference.field]!))) return;
    [left[reference.field], right[reference.field]] = [right[reference.field]!, left[reference.field]!];
    const parents = [await world.object(left[reference.field]!), await world.object(right[reference.field]!)];
    const objects = [await world.object(one), await world.object(other)];
    objects.forEach((object, place) => (object[reference.field] = parents[place]));
  },

  /** A value is changed where it is: a list gets longer or shorter, a date moves. */
  async poke(world, { who, what, how }) {
    const handle = choose(world.model.living("person"), who);
    if (handle === undefined) return;
    const { values } = world.model.row(handle);
    const object = await world.object(handle);
    if (how % 3 === 0)
      for (const { tags } of [values, object] as { tags: string[] }[]) {
        if (what % 2 === 0) tags.push(`t${what % 5}`);
        else tags.pop();
      }
    else if (how % 3 === 1)
      for (const { born } of [values, object] as { born: Date | null }[]) born?.setFullYear(1990 + (what % 20));
    else for (const target of [values, object]) target["born"] = what % 2 === 0 ? null : new Date(what * 1_000_003);
  },

  /** A foreign key is set on its own side. */
  async point(world, { who, what, how }) {
    const [reference, child] = chooseChild(world, who) ?? [];
    if (!reference || child === undefined) return;
    const { refs } = world.model.row(child);
    let parent: Handle | null = null;
    // Leaving a key out that must not be NULL is tried now and then.
    if (reference.nullable ? how % 4 !== 0 : how % 16 !== 0) {
      parent = choose(world.model.living(reference.to), what) ?? null;
      if (parent === null) return;
    }
    if (parent !== null && refs[reference.field] !== parent && !isOpen(world, reference, parent)) return;
    if (parent !== null && makesCircle(world, reference, child, parent)) return;
    const object = await world.object(child);
    if (parent !== null) displace(world, reference, parent, child);
    object[reference.field] = parent === null ? null : await world.object(parent);
    world.model.point(child, reference, parent);
  },

  /** A child is put into its parent's collection. */
  async take(world, { who, what }) {
    const [reference, child] = chooseChild(world, who) ?? [];
    if (!reference || child === undefined) return;
    const parent = choose(world.model.living(reference.to), what);
    if (parent === undefined) return;
    const { refs } = world.model.row(child);
    if (refs[reference.field] === parent || !isOpen(world, reference, parent)) return;
    if (makesCircle(world, reference, child, parent)) return;
    const [object, owner] = [await world.object(child), await world.object(parent)];
    displace(world, reference, parent, child);
    if (reference.single) owner[reference.back] = object;
    else (owner[reference.back] as Thing[]).push(object);
    world.model.point(child, reference, parent);
  },

  /** A child is taken out of its parent's collection. */
  async drop(world, { who, how }) {
    const [reference, child] = chooseChild(world, who) ?? [];
    if (!reference || child === undefined) return;
    const { refs } = world.model.row(child);
    const parent = refs[reference.field];
    if (parent === null || parent === undefined || world.model.deleting.has(parent)) return;
    if (!reference.nullable && how % 16 !== 0) return;
    const [object, owner] = [await world.object(child), await world.object(parent)];
    if (reference.single) {
      if (!isLoaded(owner, reference.back)) return;
      owner[reference.back] = null;
    } else (owner[reference.back] as unknown as { remove(one: Thing): void }).remove(object);
    world.model.letGo(child, reference);
  },

  /** A whole collection is set, loaded or not. */
  async replace(world, { who, what, how }) {
    const reference = choose(
      references.filter(({ single, nullable }) => !single && nullable),
      who,
    )!;
    const parent = choose(world.model.living(reference.to), what);
    if (parent === undefined || world.model.deleting.size > 0) return;
    if (world.model.childrenOf(parent, reference).some((child) => isBrought(world, child))) return;
    const members = world.model
      .living(reference.kind)
      .filter((child, place) => (how >> place) % 2 === 1 && !isBrought(world, child))
      .filter((child) => !makesCircle(world, reference, child, parent));
    const owner = await world.object(parent);
    const objects: Thing[] = [];
    for (const member of members) objects.push(await world.object(member));
    // Who leaves a collection that nobody has read is known with the next flush.
    const unread = !isLoaded(owner, reference.back) && world.model.stored.rows.has(parent);
    owner[reference.back] = objects;
    for (const child of world.model.childrenOf(parent, reference))
      if (!members.includes(child)) world.model.letGo(child, reference);
    for (const member of members) world.model.point(member, reference, parent);
    if (unread) await flush(world);
  },

  async link(world, { who, what, how }) {
    const article = choose(world.model.living("article"), who);
    const label = choose(world.model.living("label"), what);
    if (article === undefined || label === undefined) return;
    const [left, right] = [await world.object(article), await world.object(label)];
    type Members = { add(one: Thing): void; remove(one: Thing): void };
    const [members, other] = how % 2 === 0 ? [left["labels"] as Members, right] : [right["articles"] as Members, left];
    const { pairs } = world.model.now;
    if (pairs.has(pair(article, label))) {
      members.remove(other);
      pairs.delete(pair(article, label));
    } else {
      members.add(other);
      pairs.add(pair(article, label));
    }
  },

  async delete(world, { who }) {
    const handle = choose(world.model.living(), who);
    if (handle === undefined) return;
    const row = world.model.row(handle);
    if (references.some((one) => world.model.childrenOf(handle, one).some((child) => isBrought(world, child)))) return;
    const object = await world.object(handle);
    if (world.model.stored.rows.has(handle)) {
      world.session.delete(object);
      world.model.deleting.add(handle);
      return;
    }
    // One that has no row is just forgotten; whoever refers to it would bring it back.
    const referred = references.some((reference) => world.model.childrenOf(handle, reference).length > 0);
    const linked = [...world.model.now.pairs].some((one) => one.split(":").map(Number).includes(handle));
    if (referred || linked || Object.values(row.refs).some((parent) => parent !== null)) return;
    if (world.session.state(object) !== "pending") return;
    world.session.delete(object);
    world.model.forget(handle);
    world.outside.set(handle, "undone");
  },

  /** A deletion that was asked for is taken back. */
  async restore(world, { who }) {
    const handle = choose([...world.model.deleting], who);
    if (handle === undefined) return;
    world.session.add(await world.object(handle));
    world.model.deleting.delete(handle);
  },

  /** An object that has lost its row, or never got one, is added again, mended. */
  async revive(world, { who, what }) {
    const handle = choose([...world.outside.keys()], who);
    if (handle === undefined) return;
    const object = world.objects.get(handle)!;
    const kind = kinds.find((one) => object.constructor === entities[one])!;
    const row = newRow(kind, what);
    const parents: [Reference, Handle | null][] = [];
    for (const reference of references.filter((one) => one.kind === kind)) {
      const parent =
        choose(
          world.model.living(reference.to).filter((one) => isOpen(world, reference, one)),
          what,
        ) ?? null;
      if (parent === null && !reference.nullable) return;
      parents.push([reference, parent]);
    }
    if (kind === "label") {
      row.key = `w${what % 6}`;
      object["word"] = row.key;
      object["articles"] = [];
    } else {
      // Its old number may have been given to somebody else.
      object["id"] = undefined;
      object["version"] = undefined;
      if (kind === "article") object["labels"] = [];
    }
    Object.assign(object, copyOfValues(row.values));
    for (const { to, back, single } of references) if (to === kind) object[back] = single ? null : [];
    for (const [reference, parent] of parents) {
      const { field } = reference;
      if (parent !== null) displace(world, reference, parent);
      object[field] = parent === null ? null : await world.object(parent);
      row.refs[field] = parent;
    }
    world.session.add(object);
    world.outside.delete(handle);
    world.model.add(handle, row);
  },

  async flush(world) {
    await flush(world);
  },

  /** A query sees what was changed before it. */
  async query(world, { who }) {
    const kind = choose(kinds, who)!;
    let found: Thing[] = [];
    const query = async (): Promise<void> => {
      found = await world.session.query(entities[kind]).all();
    };
    if (!(await world.flushing(query))) return recover(world, who);
    const handles = found.map((object) => world.handleOf(kind, object));
    const expected = world.model.living(kind);
    if (handles.length !== expected.length || handles.some((handle) => !expected.includes(handle!)))
      throw new Error(`query of ${kind} gives [${handles.join()}], not [${expected.join()}]`);
  },

  /** A relation is loaded. */
  async touch(world, { who, what }) {
    const handle = choose(world.model.living(), who);
    if (handle === undefined || !(await flush(world)) || !world.model.now.rows.has(handle)) return;
    const { kind } = world.model.row(handle);
    const properties = [
      ...references.filter((one) => one.kind === kind).map(({ field }) => field),
      ...references.filter((one) => one.to === kind).map(({ back }) => back),
      ...(kind === "article" ? ["labels"] : kind === "label" ? ["articles"] : []),
    ];
    await (
      await world.object(handle)
    )[choose(properties, what)!];
  },

  async savepoint(world, { who }) {
    if (!(await world.savepoint())) await recover(world, who);
  },

  async release(world, { who }) {
    const depth = choose([...world.savepoints.keys()], who);
    if (depth !== undefined && !(await world.release(depth))) await recover(world, who);
  },

  async rollbackTo(world, { who }) {
    const depth = choose([...world.savepoints.keys()], who);
    if (depth !== undefined) await world.rollbackTo(depth);
  },

  async rollback(world, { how }) {
    await world.rollback();
    await world.compareWithFresh();
    await world.compareDatabase();
    if (how % 2 === 0) await world.compareIdentities();
  },

  async commit(world, { who }) {
    if (!(await world.commit())) return recover(world, who);
    await world.compareDatabase();
  },

  async reopen(world) {
    await world.reopen();
  },
} satisfies Record<string, (world: World, step: Step) => Promise<void>>;

/** How often a step is taken. */
const weights: Record<keyof typeof operations, number> = {
  ...{
    found: 2,
    add: 10,
    change: 4,
    rename: 5,
    rekey: 5,
    swap: 2,
    poke: 4,
    point: 8,
    take: 6,
    drop: 4,
    replace: 3,
    link: 7,
  },
  ...{ delete: 7, restore: 2, revive: 3, flush: 5, query: 3, touch: 8 },
  ...{ savepoint: 4, release: 2, rollbackTo: 3, rollback: 3, commit: 4, reopen: 1 },
};

const number = fc.nat({ max: 63 });

export const programs = fc.array(
  fc.oneof(
    ...(Object.keys(operations) as Step["op"][]).map((op) => ({
      weight: weights[op],
      arbitrary: fc.record({ op: fc.constant(op), who: number, what: number, how: number }),
    })),
  ),
  { minLength: 4, maxLength: 40, size: "max" },
);

/** Runs a program on empty tables; the first thing that differs from the model is thrown. */
export async function run(dataSource: DataSource, program: readonly Step[]): Promise<void> {
  const world = new World(dataSource);
  try {
    for (const step of program) {
      await operations[step.op](world, step);
      world.compareMemory();
    }
    await operations.commit(world, { op: "commit", who: 0, what: 0, how: 0 });
  } finally {
    await world.session.close();
  }
}

async function flush(world: World): Promise<boolean> {
  if (await world.flushing(() => world.session.flush())) return true;
  await recover(world, 0);
  return false;
}

/** After a flush that was refused: back to a savepoint, or to the last commit. */
async function recover(world: World, which: number): Promise<void> {
  const depth = choose([...world.savepoints.keys(), undefined], which);
  if (depth !== undefined) return world.rollbackTo(depth);
  await world.rollback();
  await world.compareWithFresh();
  await world.compareDatabase();
}

function choose<T>(list: readonly T[], number: number): T | undefined {
  return list[number % list.length];
}

/** A child that its parent is to bring into the session stays where it is until that has happened. */
function isBrought(world: World, handle: Handle): boolean {
  const object = world.objects.get(handle);
  return object !== undefined && world.session.state(object) === "transient";
}

function chooseChild(world: World, number: number): [Reference, Handle] | undefined {
  return choose(
    references.flatMap((reference) =>
      world.model
        .living(reference.kind)
        .filter((child) => !isBrought(world, child))
        .map((child): [Reference, Handle] => [reference, child]),
    ),
    number,
  );
}

const ages = [null, 1, 20, 30];

function newRow(kind: Kind, seed: number): Row {
  const text = `v${seed % 4}`;
  const values =
    kind === "person"
      ? {
          name: `n${seed % 8}`,
          age: ages[seed % 3]!,
          tags: [text],
          born: seed % 2 === 0 ? null : new Date(seed * 86_400_123),
        }
      : { [columns[kind][0]!]: text };
  const refs = Object.fromEntries(references.filter((one) => one.kind === kind).map(({ field }) => [field, null]));
  return { kind, key: undefined, version: undefined, values, refs };
}

/**
 * Whether a parent of a one-to-one can be given a child: it has none, neither in the database nor in memory, or memory knows
 * whom it has, who then loses it.
 */
function isOpen({ model, objects }: World, reference: Reference, parent: Handle): boolean {
  if (!reference.single) return true;
  const object = objects.get(parent);
  if (object && isLoaded(object, reference.back)) return true;
  return [model.now, model.stored].every((state) => model.childrenOf(parent, reference, state).length === 0);
}

/** A parent of a one-to-one that gets another child loses the one it had. */
function displace({ model }: World, reference: Reference, parent: Handle, by?: Handle): void {
  if (!reference.single) return;
  for (const child of model.childrenOf(parent, reference)) if (child !== by) model.letGo(child, reference);
}

/** New comments in a circle are inserted and then updated, which counts a version more; circles are left to the folders. */
function makesCircle({ model }: World, { kind, to, field }: Reference, child: Handle, parent: Handle): boolean {
  if (kind !== "comment" || kind !== to) return false;
  for (let one: Handle | null = parent; one !== null; one = model.row(one).refs[field]!) if (one === child) return true;
  return false;
}
