import fc from "fast-check";
import {
  Column,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryGeneratedColumn,
} from "typeorm";
import type { EntityClass, Session } from "../../src";
import { benchOn, type Bench } from "../helpers/bench";
import { eachDatabase } from "../helpers/databases";

/*
 * Random changes of relations, in the ways that JavaScript has: every method of an array, indexes, `length`, assignments of
 * every shape, both sides, loaded or not, in a session or in none; relations of the entity, TypeORM's lazy ones, and those of an
 * embedded object. Database and memory are compared with a simple model.
 */

type Shape = "plain" | "lazy" | "embedded";
interface Row {
  readonly id: number;
}
type Cart = Row;
type Label = Row;
type Line = Row;
type Receipt = Row;

/** The same four entities in one of the shapes. */
class Entities {
  readonly shape: Shape;
  readonly Cart = class Cart {
    declare id: number;
  };
  readonly Label = class Label {
    declare id: number;
  };
  readonly Line = class Line {
    declare id: number;
  };
  readonly Receipt = class Receipt {
    declare id: number;
  };

  constructor(shape: Shape) {
    this.shape = shape;
    const { Cart, Label, Line, Receipt } = this;
    const lazy = shape === "lazy";
    const inverse = (property: string): string => (shape === "embedded" ? `parts.${property}` : property);
    this.#declare(Cart, {
      lines: [OneToMany(() => Line, inverse("cart"), { lazy })],
      labels: [
        ManyToMany(() => Label, inverse("carts"), { lazy }),
        JoinTable({ name: "cart_label", joinColumn: { name: "cartId" }, inverseJoinColumn: { name: "labelId" } }),
      ],
      receipt: [OneToOne(() => Receipt, inverse("cart"), { lazy })],
    });
    this.#declare(Label, { carts: [ManyToMany(() => Cart, inverse("labels"), { lazy })] });
    const toCart = { lazy, nullable: true };
    const cartId = JoinColumn({ name: "cartId" });
    this.#declare(Line, { cart: [ManyToOne(() => Cart, inverse("lines"), toCart), cartId] });
    this.#declare(Receipt, { cart: [OneToOne(() => Cart, inverse("receipt"), toCart), cartId] });
  }

  get all(): EntityClass<object>[] {
    return [this.Cart, this.Label, this.Line, this.Receipt];
  }
  make(entity: new () => Row): Row {
    const made = new entity();
    if (this.shape === "embedded") Object.assign(made, { parts: {} });
    return made;
  }
  read(of: object, property: string): unknown {
    return this.#holder(of)[property];
  }
  assign(to: object, property: string, value: unknown): void {
    this.#holder(to)[property] = this.shape === "lazy" ? Promise.resolve(value) : value;
  }
  #holder(of: object): Record<string, unknown> {
    return this.shape === "embedded"
      ? (of as { parts: Record<string, unknown> }).parts
      : (of as Record<string, unknown>);
  }
  #declare(entity: new () => Row, relations: Record<string, PropertyDecorator[]>): void {
    const holder = this.shape === "embedded" ? class Parts {} : entity;
    Entity(entity.name.toLowerCase())(entity);
    PrimaryGeneratedColumn()(entity.prototype as object, "id");
    if (holder !== entity) Column(() => holder, { prefix: false })(entity.prototype as object, "parts");
    for (const [property, decorators] of Object.entries(relations))
      for (const decorator of decorators) decorator(holder.prototype, property);
  }
}

/** Ways to change a list; each gets the list, objects to put into it, and a place in it. */
const reported: Record<string, (list: object[], given: object[], place: number) => unknown> = {
  push: (list, given) => list.push(...given),
  unshift: (list, given) => list.unshift(...given),
  pop: (list) => list.pop(),
  shift: (list) => list.shift(),
  insert: (list, given, place) => list.splice(place, 0, ...given),
  replace: (list, given, place) => list.splice(place, 1, ...given),
  truncate: (list, _, place) => list.splice(place),
};
/** The same without a method of its own: they are found when the session looks at the list. */
const unreported: typeof reported = {
  index: (list, given, place) => given[0] && (list[place] = given[0]),
  append: (list, given) => given[0] && (list[list.length] = given[0]),
  length: (list, _, place) => (list.length = place),
  reverse: (list) => list.reverse(),
  sort: (list) => list.sort((one, other) => Number((other as Line).id ?? 0) - Number((one as Line).id ?? 0)),
  fill: (list, given, place) => given[0] && list.fill(given[0], place, place + 1),
  copyWithin: (list, _, place) => list.copyWithin(0, place),
  borrowed: (list, given) => Array.prototype.push.apply(list, given),
};
/** Ways to assign a list; the promise of a lazy relation resolves to an array. */
const assigned: ((members: object[]) => unknown)[] = [
  (members) => members,
  (members) => new Set(members),
  (members) => members.values(),
  (members) => (members.length === 0 ? null : members),
  (members) => Object.freeze([...members]),
];

interface Step {
  readonly op: keyof typeof operations;
  readonly way: number;
  readonly who: number;
  readonly what: readonly number[];
}

type List = "lines" | "labels" | "carts";

/** What the rows should be: the cart of a line or receipt, and pairs of carts and labels. */
class Model {
  readonly cartOf = new Map<object, Cart | null>();
  readonly pairs = new Map<Cart, Set<Label>>();
  readonly #isLine: (child: object) => boolean;

  constructor(isLine: (child: object) => boolean) {
    this.#isLine = isLine;
  }

  copy(): Model {
    const made = new Model(this.#isLine);
    for (const [child, cart] of this.cartOf) made.cartOf.set(child, cart);
    for (const [cart, labels] of this.pairs) made.pairs.set(cart, new Set(labels));
    return made;
  }
  members(owner: object, list: List): object[] {
    if (list === "lines")
      return [...this.cartOf].filter(([child, cart]) => this.#isLine(child) && cart === owner).map(([child]) => child);
    if (list === "labels") return [...(this.pairs.get(owner as Cart) ?? [])];
    return [...this.pairs].filter(([, labels]) => labels.has(owner as Label)).map(([cart]) => cart);
  }
  set(owner: object, list: List, members: readonly object[]): void {
    for (const gone of this.members(owner, list)) if (!members.includes(gone)) this.#change(owner, list, gone, false);
    for (const member of members) this.#change(owner, list, member, true);
  }
  #change(owner: object, list: List, member: object, belongs: boolean): void {
    if (list === "lines") this.cartOf.set(member, belongs ? (owner as Cart) : null);
    else {
      const [cart, label] = (list === "labels" ? [owner, member] : [member, owner]) as [Cart, Label];
      if (!this.pairs.has(cart)) this.pairs.set(cart, new Set());
      if (belongs) this.pairs.get(cart)!.add(label);
      else this.pairs.get(cart)!.delete(label);
    }
  }
  /** A receipt and a cart belong to each other, and to no other. */
  pair(receipt: object, cart: Cart | null): void {
    if (cart)
      for (const [child, of] of this.cartOf) if (!this.#isLine(child) && of === cart) this.cartOf.set(child, null);
    this.cartOf.set(receipt, cart);
  }
}

class World {
  model: Model;
  committed: Model;
  readonly carts: Cart[] = [];
  readonly lines: Line[] = [];
  readonly labels: Label[] = [];
  readonly receipts: Receipt[] = [];
  readonly bench: Bench;
  readonly entities: Entities;
  session!: Session;
  isDetached = false;

  constructor(bench: Bench, entities: Entities) {
    this.bench = bench;
    this.entities = entities;
    this.model = this.committed = new Model((child) => child instanceof entities.Line);
  }

  get all(): object[] {
    return [...this.carts, ...this.lines, ...this.labels, ...this.receipts];
  }
  async fill(): Promise<void> {
    this.session = (await this.bench.fresh()).session;
    const { Cart, Label, Line, Receipt } = this.entities;
    for (let count = 0; count < 3; count++) {
      this.carts.push(this.entities.make(Cart));
      this.lines.push(this.entities.make(Line), this.entities.make(Line));
      this.labels.push(this.entities.make(Label));
      this.receipts.push(this.entities.make(Receipt));
    }
    for (const child of [...this.lines, ...this.receipts]) this.model.cartOf.set(child, null);
    this.session.addAll(this.all);
    await this.commit();
  }
  /** A session holds all objects again; it writes now, because a rollback would detach them. */
  async attach(): Promise<void> {
    if (!this.isDetached) return;
    this.session = (await this.bench.fresh()).session;
    this.session.addAll(this.all);
    this.isDetached = false;
    await this.commit();
  }
  async commit(): Promise<void> {
    await this.attach();
    await this.session.commit();
    this.committed = this.model.copy();
  }
  /** Which object a list belongs to, the list's name, and what may be put into it. */
  list(way: number, who: number): [object, List, readonly object[]] {
    const name = (["lines", "labels", "carts"] as const)[way % 3]!;
    const owners: readonly object[] = name === "carts" ? this.labels : this.carts;
    return [choose(owners, who), name, { lines: this.lines, labels: this.labels, carts: this.carts }[name]];
  }
}

const choose = <T>(list: readonly T[], number: number): T => list[number % list.length]!;

/** A list of an object; undefined where it is not loaded and the object is in no session. */
async function listOf(world: World, owner: object, name: List): Promise<object[] | undefined> {
  const { entities, isDetached } = world;
  try {
    const loaded = await entities.read(owner, name);
    const list = (entities.shape === "lazy" ? loaded : entities.read(owner, name)) as object[];
    return list.length >= 0 ? list : undefined;
  } catch (error) {
    if (!isDetached) throw error;
    expect(error).toMatchObject({ code: "session/detached" });
    return undefined;
  }
}

async function changeList(world: World, ways: typeof reported, { way, who, what }: Step): Promise<boolean> {
  const [owner, name, candidates] = world.list(way, who);
  const names = Object.keys(ways);
  const change = ways[choose(names, way >> 2)]!;
  const list = await listOf(world, owner, name);
  const members = world.model.members(owner, name);
  // What was assigned to the other side is in the list when the session has seen it.
  if (!list || new Set(list).size !== members.length || !members.every((member) => list.includes(member))) return false;
  const given = what.map((number) => choose(candidates, number));
  const place = list.length === 0 ? 0 : who % list.length;
  const after = [...list];
  change(after, given, place);
  change(list, given, place);
  world.model.set(owner, name, [...new Set(after)]);
  return true;
}

const operations = {
  method: async (world: World, step: Step) => void (await changeList(world, reported, step)),
  /** The session looks at once, so that it sees the order of changes. */
  async direct(world: World, step: Step) {
    await world.attach();
    if (await changeList(world, unreported, step)) await world.session.flush();
  },
  /** Loaded or not, and changed by its own reference afterwards. */
  async assign(world: World, { way, who, what }: Step) {
    const [owner, name, candidates] = world.list(way, who);
    const members = what.map((number) => choose(candidates, number));
    const shape = world.entities.shape === "lazy" ? [...members] : choose(assigned, way >> 2)([...members]);
    world.entities.assign(owner, name, shape);
    world.model.set(owner, name, [...new Set(members)]);
    if (!Array.isArray(shape) || Object.isFrozen(shape)) return;
    const added = choose(candidates, who);
    shape.push(added);
    world.model.set(owner, name, [...new Set([...members, added])]);
    await world.attach();
    await world.session.flush();
  },
  /** A list that is not loaded. */
  async add(world: World, { way, who, what }: Step) {
    const [owner, name, candidates] = world.list(way, who);
    const member = choose(candidates, what[0] ?? 0);
    const { entities } = world;
    const list = entities.shape === "lazy" ? await listOf(world, owner, name) : entities.read(owner, name);
    if (!list) return;
    (list as object[]).push(member);
    world.model.set(owner, name, [...world.model.members(owner, name), member]);
  },
  async point(world: World, { way, who, what }: Step) {
    const line = choose(world.lines, who);
    const cart = way % 4 === 0 ? null : choose(world.carts, what[0] ?? 0);
    world.entities.assign(line, "cart", way % 4 === 1 && cart && !world.isDetached ? { id: cart.id } : cart);
    world.model.cartOf.set(line, cart);
  },
  async receipt(world: World, { way, who, what }: Step) {
    const [receipt, cart] = [choose(world.receipts, who), choose(world.carts, what[0] ?? 0)];
    const { entities } = world;
    if (way % 4 === 0) {
      entities.assign(receipt, "cart", null);
      world.model.pair(receipt, null);
    } else if (way % 4 === 1) {
      entities.assign(cart, "receipt", null);
      for (const one of world.receipts) if (world.model.cartOf.get(one) === cart) world.model.pair(one, null);
    } else {
      if (way % 4 === 2) entities.assign(receipt, "cart", cart);
      else entities.assign(cart, "receipt", receipt);
      world.model.pair(receipt, cart);
    }
  },
  /** A new object brings its relations, set on both sides. It is added at once: no accessor sees what follows before that. */
  async create(world: World, { way, who }: Step) {
    await world.attach();
    const { entities } = world;
    const cart = choose(world.carts, who);
    const line = entities.make(entities.Line);
    if (way % 2 === 0) (await listOf(world, cart, "lines"))!.push(line);
    entities.assign(line, "cart", cart);
    world.lines.push(line);
    world.model.cartOf.set(line, cart);
    world.session.add(line);
  },
  commit: (world: World) => world.commit(),
  async flush(world: World) {
    await world.attach();
    await world.session.flush();
  },
  async rollback(world: World) {
    await world.attach();
    await world.session.rollback();
    world.model = world.committed.copy();
    // A line that was new is not in the database.
    for (const line of [...world.lines])
      if (!world.model.cartOf.has(line)) world.lines.splice(world.lines.indexOf(line), 1);
  },
  /** What follows is done while the objects are in no session, with lists that are loaded. */
  async detach(world: World) {
    await world.commit();
    const { entities } = world;
    for (const cart of world.carts)
      for (const relation of ["lines", "labels", "receipt"]) await entities.read(cart, relation);
    for (const label of world.labels) await entities.read(label, "carts");
    for (const child of [...world.lines, ...world.receipts]) await entities.read(child, "cart");
    await world.session.close();
    world.isDetached = true;
  },
  /** Nothing is loaded any more. */
  async expire(world: World) {
    await world.commit();
    world.session.expireAll();
    for (const entity of world.entities.all) await world.session.query(entity).all();
  },
};

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    op: fc.constantFrom(...(Object.keys(operations) as (keyof typeof operations)[])),
    way: fc.nat({ max: 239 }),
    who: fc.nat({ max: 11 }),
    what: fc.array(fc.nat({ max: 11 }), { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 14 },
);

async function run(bench: Bench, entities: Entities, program: readonly Step[]): Promise<void> {
  const world = new World(bench, entities);
  await world.fill();
  for (const step of program) await operations[step.op](world, step);
  await world.commit();
  await check(world);
  await world.session.close();
}

async function check({ bench, entities, session, model, ...world }: World): Promise<void> {
  const number = (rows: Record<string, unknown>[]): string[] =>
    rows.map((row) => Object.values(row).map(String).join(">")).sort();
  const children = (list: readonly Row[]): string[] =>
    list.map((child) => `${child.id}>${model.cartOf.get(child)?.id ?? null}`).sort();
  expect(number(await bench.stored(`SELECT id, "cartId" FROM line`))).toEqual(children(world.lines));
  expect(number(await bench.stored(`SELECT id, "cartId" FROM receipt`))).toEqual(children(world.receipts));
  expect(number(await bench.stored(`SELECT "cartId", "labelId" FROM cart_label`))).toEqual(
    [...model.pairs].flatMap(([cart, labels]) => [...labels].map((label) => `${cart.id}>${label.id}`)).sort(),
  );
  // A list may have a member twice, which is one row.
  const ids = (list: readonly object[]): number[] =>
    [...new Set(list)].map((one) => (one as Row).id).sort((a, b) => a - b);
  const lists = [
    ...world.carts.flatMap((cart) => (["lines", "labels"] as const).map((name) => [cart, name] as const)),
    ...world.labels.map((label) => [label, "carts"] as const),
  ];
  for (const [owner, name] of lists)
    expect(ids((await entities.read(owner, name)) as object[])).toEqual(ids(model.members(owner, name)));
  for (const child of [...world.lines, ...world.receipts])
    expect(((await entities.read(child, "cart")) as Cart | null)?.id).toBe(model.cartOf.get(child)?.id);
  expect(session.dirty).toEqual([]);
}

/** The same programs each time: `SEED=` asks for others, or repeats what a failure names. */
const SEED = Number(process.env["SEED"] ?? 20261127);
const RUNS = { sqlite: 300, postgres: 20, mariadb: 20 };

eachDatabase((database) => {
  describe.each(["plain", "lazy", "embedded"] as const)("%s relations", (shape) => {
    const entities = new Entities(shape);
    const bench = benchOn(database, { entities: entities.all });
    const numRuns = Number(process.env["RUNS"] ?? RUNS[database.name]);

    test("session 43: whatever is done to relations is what database and memory have afterwards", async () => {
      const property = fc.asyncProperty(steps, (program) => run(bench, entities, program));
      await fc.assert(
        property.beforeEach(() => bench.empty()),
        { numRuns, seed: SEED },
      );
    }, 600_000);
  });
});
