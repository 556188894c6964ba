import fc from "fast-check";
import { EntitySchema } from "typeorm";
import type { EntityClass, Session } from "../../src";
import { benchOn, type Bench } from "../helpers/bench";
import { eachDatabase } from "../helpers/databases";
import { id } from "../helpers/entities/plain-classes";

/*
 * Random changes of relations, in the ways that JavaScript has: every method of an array, indexes, `length`, assignments of
 * every shape, both sides, loaded or not, in a session or in none. Database and memory are compared with a simple model.
 */

class Cart {
  declare id: number;
  declare lines: Line[];
  declare labels: Label[];
  declare receipt: Receipt | null;
}
class Line {
  declare id: number;
  declare cart: Cart | null;
}
class Label {
  declare id: number;
  declare carts: Cart[];
}
class Receipt {
  declare id: number;
  declare cart: Cart | null;
}

const entities = [
  new EntitySchema<Cart>({
    name: "Cart",
    target: Cart,
    columns: { id },
    relations: {
      lines: { type: "one-to-many", target: () => Line, inverseSide: "cart" },
      labels: { type: "many-to-many", target: () => Label, inverseSide: "carts", joinTable: { name: "cart_label" } },
      receipt: { type: "one-to-one", target: () => Receipt, inverseSide: "cart" },
    },
  }),
  new EntitySchema<Line>({
    name: "Line",
    target: Line,
    columns: { id },
    relations: { cart: { type: "many-to-one", target: () => Cart, inverseSide: "lines", nullable: true } },
  }),
  new EntitySchema<Label>({
    name: "Label",
    target: Label,
    columns: { id },
    relations: { carts: { type: "many-to-many", target: () => Cart, inverseSide: "labels" } },
  }),
  new EntitySchema<Receipt>({
    name: "Receipt",
    target: Receipt,
    columns: { id },
    relations: {
      cart: { type: "one-to-one", target: () => Cart, inverseSide: "receipt", joinColumn: true, nullable: true },
    },
  }),
];

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
/** Ways to assign a list. */
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

  copy(): Model {
    const made = new Model();
    for (const [child, cart] of this.cartOf) made.cartOf.set(child, cart);
    for (const [cart, labels] of this.pairs) made.pairs.set(cart, new Set(labels));
    return made;
  }
  members(owner: object, list: List): object[] {
    if (list === "lines")
      return [...this.cartOf]
        .filter(([child, cart]) => child instanceof Line && cart === owner)
        .map(([child]) => child);
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
      for (const [child, of] of this.cartOf) if (child instanceof Receipt && of === cart) this.cartOf.set(child, null);
    this.cartOf.set(receipt, cart);
  }
}

class World {
  model = new Model();
  committed = new Model();
  readonly carts: Cart[] = [];
  readonly lines: Line[] = [];
  readonly labels: Label[] = [];
  readonly receipts: Receipt[] = [];
  readonly bench: Bench;
  session!: Session;
  isDetached = false;

  constructor(bench: Bench) {
    this.bench = bench;
  }

  get all(): object[] {
    return [...this.carts, ...this.lines, ...this.labels, ...this.receipts];
  }
  async fill(): Promise<void> {
    this.session = (await this.bench.fresh()).session;
    for (let count = 0; count < 3; count++) {
      this.carts.push(new Cart());
      this.lines.push(new Line(), new Line());
      this.labels.push(new Label());
      this.receipts.push(new Receipt());
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
const valueOf = (owner: object, list: List): object[] => (owner as Record<List, object[]>)[list];

/** In no session a list that was not loaded cannot be read. */
function isLoaded(list: object[]): boolean {
  try {
    return list.length >= 0;
  } catch (error) {
    expect(error).toMatchObject({ code: "session/detached" });
    return false;
  }
}

async function changeList(world: World, ways: typeof reported, { way, who, what }: Step): Promise<boolean> {
  const [owner, name, candidates] = world.list(way, who);
  const names = Object.keys(ways);
  const change = ways[choose(names, way >> 2)]!;
  if (!world.isDetached) await valueOf(owner, name);
  const list = valueOf(owner, name);
  if (world.isDetached && !isLoaded(list)) return false;
  if (new Set(list).size !== world.model.members(owner, name).length) return false;
  const given = [...new Set(what.map((number) => choose(candidates, number)))];
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
    const members = [...new Set(what.map((number) => choose(candidates, number)))];
    const shape = choose(assigned, way >> 2)([...members]);
    (owner as Record<List, unknown>)[name] = shape;
    world.model.set(owner, name, members);
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
    (valueOf(owner, name) as unknown as { push(one: object): void }).push(member);
    world.model.set(owner, name, [...world.model.members(owner, name), member]);
  },
  async point(world: World, { way, who, what }: Step) {
    const line = choose(world.lines, who);
    const cart = way % 4 === 0 ? null : choose(world.carts, what[0] ?? 0);
    line.cart = way % 4 === 1 && cart && !world.isDetached ? ({ id: cart.id } as Cart) : cart;
    world.model.cartOf.set(line, cart);
  },
  async receipt(world: World, { way, who, what }: Step) {
    const [receipt, cart] = [choose(world.receipts, who), choose(world.carts, what[0] ?? 0)];
    if (way % 4 === 0) {
      receipt.cart = null;
      world.model.pair(receipt, null);
    } else if (way % 4 === 1) {
      cart.receipt = null;
      for (const one of world.receipts) if (world.model.cartOf.get(one) === cart) world.model.pair(one, null);
    } else {
      if (way % 4 === 2) receipt.cart = cart;
      else cart.receipt = receipt;
      world.model.pair(receipt, cart);
    }
  },
  /** A new object brings its relations, set on both sides. It is added at once: no accessor sees what follows before that. */
  async create(world: World, { way, who }: Step) {
    await world.attach();
    const cart = choose(world.carts, who);
    const line = new Line();
    line.cart = cart;
    if (way % 2 === 0) valueOf(cart, "lines").push(line);
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
    for (const cart of world.carts) {
      await cart.lines;
      await cart.labels;
      await cart.receipt;
    }
    for (const label of world.labels) await label.carts;
    for (const child of [...world.lines, ...world.receipts]) await child.cart;
    await world.session.close();
    world.isDetached = true;
  },
  /** Nothing is loaded any more. */
  async expire(world: World) {
    await world.commit();
    world.session.expireAll();
    for (const entity of [Cart, Label, Line, Receipt] as EntityClass<object>[]) await world.session.query(entity).all();
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

async function run(bench: Bench, program: readonly Step[]): Promise<void> {
  const world = new World(bench);
  await world.fill();
  for (const step of program) await operations[step.op](world, step);
  await world.commit();
  await check(world);
  await world.session.close();
}

async function check({ bench, session, model, ...world }: World): Promise<void> {
  const number = (rows: Record<string, unknown>[]): string[] =>
    rows.map((row) => Object.values(row).map(String).join(">")).sort();
  const children = (list: readonly { id: number }[]): string[] =>
    list.map((child) => `${child.id}>${model.cartOf.get(child)?.id ?? null}`).sort();
  expect(number(await bench.stored(`SELECT id, "cartId" FROM line`))).toEqual(children(world.lines));
  expect(number(await bench.stored(`SELECT id, "cartId" FROM receipt`))).toEqual(children(world.receipts));
  expect(number(await bench.stored(`SELECT "cartId", "labelId" FROM cart_label`))).toEqual(
    [...model.pairs].flatMap(([cart, labels]) => [...labels].map((label) => `${cart.id}>${label.id}`)).sort(),
  );
  // A list may have a member twice, which is one row.
  const ids = (list: readonly object[]): number[] =>
    [...new Set(list)].map((one) => (one as Cart).id).sort((a, b) => a - b);
  for (const cart of world.carts) {
    expect(ids(await cart.lines)).toEqual(ids(model.members(cart, "lines")));
    expect(ids(await cart.labels)).toEqual(ids(model.members(cart, "labels")));
  }
  for (const label of world.labels) expect(ids(await label.carts)).toEqual(ids(model.members(label, "carts")));
  for (const line of world.lines) expect((await line.cart)?.id).toBe(model.cartOf.get(line)?.id);
  for (const receipt of world.receipts) expect((await receipt.cart)?.id).toBe(model.cartOf.get(receipt)?.id);
  expect(session.dirty).toEqual([]);
}

/** The same programs each time: `SEED=` asks for others, or repeats what a failure names. */
const SEED = Number(process.env["SEED"] ?? 20261127);
const RUNS = { sqlite: 300, postgres: 20, mariadb: 20 };

eachDatabase((database) => {
  const bench = benchOn(database, { entities });
  const numRuns = Number(process.env["RUNS"] ?? RUNS[database.name]);

  test("session 43: whatever is done to relations is what database and memory have afterwards", async () => {
    const property = fc.asyncProperty(steps, (program) => run(bench, program)).beforeEach(() => bench.empty());
    await fc.assert(property, { numRuns, seed: SEED });
  }, 600_000);
});
