import { EventEmitter } from "node:events";
import { Session } from "node:inspector";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Evaluator, type EvaluationResult } from "../../src/shell/evaluate/evaluator";
import { awaitable } from "../../src/query/awaitable";

/*
 * What can be typed without `await`, and what it gives. The "database" is made of objects that answer later, so that
 * nothing but the rewriting is tested.
 */

/** A relation that is not loaded. */
class Lazy<T> {
  readonly [awaitable] = true;
  constructor(
    protected readonly load: () => T,
    readonly touched: { times: number } = { times: 0 },
  ) {}
  then<A, B>(good?: (value: T) => A, bad?: (reason: unknown) => B): Promise<A | B> {
    this.touched.times += 1;
    return new Promise<T>((resolve) => setImmediate(() => resolve(this.load()))).then(good, bad);
  }
}

class LazyList extends Lazy<Post[]> {
  count(): Promise<number> {
    return later(this.load().length);
  }
  filterBy(criteria: Partial<Post>): FakeQuery<Post> {
    return new FakeQuery(this.load()).filterBy(criteria);
  }
}

function later<T>(value: T): Promise<T> {
  return new Promise((resolve) => setImmediate(() => resolve(value)));
}

class User {
  static query: FakeQuery<User>;
  id!: number;
  username!: string;
  email?: string;
  written: Post[] = [];
  get posts(): LazyList {
    return new LazyList(() => this.written);
  }
  get best(): Lazy<Post | null> {
    return new Lazy(() => this.written[0] ?? null);
  }
  greet(): string {
    return `I am ${this.username}`;
  }
}

class Post {
  static query: FakeQuery<Post>;
  id!: number;
  body!: string;
  writer: User | null = null;
  get author(): Lazy<User | null> {
    return new Lazy(() => this.writer);
  }
}

/** As the real one: a query that is named only asks nothing, and it has no `then`. */
class FakeQuery<T extends object> {
  static asked = 0;
  constructor(private readonly rows: T[]) {}
  filterBy(criteria: object): FakeQuery<T> {
    const matches = (row: T): boolean =>
      Object.entries(criteria).every(([key, value]) => (row as Record<string, unknown>)[key] === value);
    return new FakeQuery(this.rows.filter(matches));
  }
  limit(n: number): FakeQuery<T> {
    return new FakeQuery(this.rows.slice(0, n));
  }
  async all(): Promise<T[]> {
    FakeQuery.asked += 1;
    return later([...this.rows]);
  }
  async get(id: number): Promise<T | null> {
    return later(this.rows.find((row) => (row as { id?: number }).id === id) ?? null);
  }
  async first(): Promise<T | null> {
    return later(this.rows[0] ?? null);
  }
  async count(): Promise<number> {
    return later(this.rows.length);
  }
  async fail(): Promise<never> {
    await later(0);
    throw new Error("no such table");
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (const row of this.rows) yield later(row);
  }
}

class Map2 {}

let evaluator: Evaluator;
const printed: unknown[] = [];

beforeAll(() => {
  evaluator = new Evaluator({
    isEntity: (target) => target === User || target === Post || target === Map2,
    create: (target, values) => Object.assign(new (target as new () => object)(), values),
    takesKeywords: (receiver) => receiver instanceof FakeQuery || receiver instanceof Lazy,
    import: (specifier) => import(specifier),
  });
  const people = ["susan", "john", "mary"].map((username, index) =>
    Object.assign(new User(), { id: index + 1, username }),
  );
  const posts = ["first", "second", "third"].map((body, index) => Object.assign(new Post(), { id: index + 1, body }));
  people[0]!.written = posts.slice(0, 2);
  people[1]!.written = posts.slice(2);
  posts.forEach((post, index) => (post.writer = index < 2 ? people[0]! : people[1]!));
  User.query = new FakeQuery(people);
  Post.query = new FakeQuery(posts);
  evaluator.define("User", User, "entity");
  evaluator.define("Post", Post, "entity");
  // An entity of a name that JavaScript has: the prompt's means the entity, everybody else's stays.
  evaluator.define("Map", Map2, "entity");
  evaluator.define("print", (...values: unknown[]) => void printed.push(...values));
  evaluator.define("later", later);
  evaluator.define("Lazy", Lazy);
});

beforeEach(async () => {
  printed.length = 0;
  await evaluator.evaluate("u = User.query.get(1); p = Post.query.get(3); users = User.query.all()");
});

afterAll(() => evaluator.close());

async function give(text: string): Promise<unknown> {
  const outcome = await evaluator.evaluate(text);
  if (outcome.kind === "error") throw outcome.error;
  return outcome.kind === "value" ? outcome.value : outcome.kind;
}

const TABLE: [typed: string, given: unknown][] = [
  // plain JavaScript stays plain
  ["1 + 1", 2],
  ["'a'.repeat(3)", "aaa"],
  ["[1, 2, 3].map(n => n * 2)", [2, 4, 6]],
  ["({ a: 1 }).a", 1],
  ["{ a: 1 }", { a: 1 }],
  ["{ a: 1, b: { c: 2 } }", { a: 1, b: { c: 2 } }],
  ["typeof nothing", "undefined"],
  ["10n ** 20n", 10n ** 20n],
  ["-0", -0],
  ["NaN", NaN],
  ["[3, 1, 2].sort()", [1, 2, 3]],
  ["[3, 1, 2].sort((a, b) => a - b)", [1, 2, 3]],
  ["'a-b'.replace(/[ab]/g, m => m.toUpperCase())", "A-B"],
  ["JSON.stringify({ a: [1] }, (k, v) => v)", '{"a":[1]}'],
  ["new Date(0).getTime()", 0],
  ["new Date(0) instanceof Date", true],
  ["(() => { return 7 })()", 7],
  ["(function () { return this })() !== undefined", true],
  ["x = 1, x + 1", 2],
  ["`${1 + 1}`", "2"],
  ["void 0", undefined],
  ["/a/.test('a')", true],
  ["[1, 2, 3].at(-1)", 3],
  ["Math.max(...[1, 5, 2])", 5],
  ["delete { a: 1 }.a", true],
  // calls and members
  ["User.query.get(1).username", "susan"],
  ["User.query.all().length", 3],
  ["User.query.all()[1].username", "john"],
  ["u.posts.length", 2],
  ["u.posts[0].body", "first"],
  ["u.posts.count()", 2],
  ["u.posts.filterBy({ body: 'second' }).first().id", 2],
  ["p.author.username", "john"],
  ["p.author.posts.length", 1],
  ["p.author.posts[0].author.username", "john"],
  ["u['posts'].length", 2],
  ["u['po' + 'sts'].length", 2],
  ["User.query.get(1).greet()", "I am susan"],
  ["User.query.count() + Post.query.count()", 6],
  ["!User.query.get(99)", true],
  ["User.query.get(99) ?? 'nobody'", "nobody"],
  ["User.query.get(2) && 'somebody'", "somebody"],
  ["typeof User.query.count()", "number"],
  ["(User.query.count(), User.query.get(2)).username", "john"],
  ["User.query.get(1) === u", true],
  ["'username' in User.query.get(1)", true],
  ["u.posts instanceof Array", true],
  ["p.author instanceof User", true],
  ["[User.query.count(), Post.query.count()]", [3, 3]],
  ["({ n: User.query.count() })", { n: 3 }],
  ["Object.keys({ a: User.query.count() })", ["a"]],
  // optional chaining
  ["User.query.get(99)?.username", undefined],
  ["User.query.get(1)?.username", "susan"],
  ["User.query.get(99)?.posts.length.toFixed(2)", undefined],
  ["p.author?.posts?.[0]?.author?.username", "john"],
  ["u.nothing?.()", undefined],
  ["u.greet?.()", "I am susan"],
  ["u?.greet?.()", "I am susan"],
  ["users.find?.(x => x.username === 'mary')?.id", 3],
  ["(User.query.get(99)?.username ?? 'x').length", 1],
  ["users[9]?.posts.map(x => x.body)", undefined],
  // templates, spread, destructuring, defaults
  ["`${User.query.get(1).username} has ${u.posts.length}`", "susan has 2"],
  ["[...User.query.all()].length", 3],
  ["[...User.query].length", 3],
  ["Math.max(...User.query.all().map(x => x.id))", 3],
  ["({ ...User.query.get(1) }).username", "susan"],
  ["const [a1, b1] = User.query.all(); `${a1.username} ${b1.username}`", "susan john"],
  ["const { username, posts } = User.query.get(1); `${username} ${posts.length}`", "susan 2"],
  ["const { author: { username: writer } } = Post.query.get(1); writer", "susan"],
  ["const { missing = User.query.count() } = u; missing", 3],
  ["const { username: n1, ...others } = User.query.get(2); others.id", 2],
  ["let n2; ({ author: { username: n2 } } = p); n2", "john"],
  ["let n3; [n3 = User.query.count()] = []; n3", 3],
  ["(({ author }) => author.username)(p)", "john"],
  ["((n = User.query.count()) => n + 1)()", 4],
  ["((a, { posts }, ...rest) => a + posts.length + rest.length)(1, u, 3, 4)", 5],
  ["Post.query.all().map(({ author: { username } }) => username)", ["susan", "susan", "john"]],
  // conditions, loops, switch, try
  ["if (User.query.count() > 2) n = 'many'; else n = 'few'; n", "many"],
  ["User.query.get(99) ? 'there' : 'not there'", "not there"],
  ["n = 0; for (const x of User.query.all()) n += x.posts.length; n", 3],
  ["n = ''; for (x of users) { n += x.username[0] } n", "sjm"],
  ["n = []; for (const x of User.query) n.push(x.id); n", [1, 2, 3]],
  ["n = []; for (const { author } of Post.query.all()) n.push(author.id); n", [1, 1, 2]],
  ["n = []; for (const [k, x] of Object.entries({ a: 1, b: 2 })) n.push(k + x); n", ["a1", "b2"]],
  ["n = 0; for (const x of users) { if (x.id === 2) continue; if (x.id === 3) break; n += x.id } n", 1],
  ["n = 0; outer: for (const x of users) { for (const y of x.posts) { if (y.id === 2) break outer; n += y.id } } n", 1],
  ["n = 0; for (let i = 0; i < User.query.count(); i++) n += i; n", 3],
  ["n = 0; while (n < User.query.count()) n++; n", 3],
  ["n = 0; do n++; while (n < Post.query.count()); n", 3],
  ["n = ''; for (const key in User.query.get(2)) n += key[0]; n", "iuew"],
  ["n = 0; for await (const x of User.query) n += x.id; n", 6],
  ["switch (User.query.count()) { case 3: n = 'three'; break; default: n = 'other' } n", "three"],
  [
    "try { User.query.fail() } catch (e) { n = e.message } finally { m = User.query.count() } `${n} ${m}`",
    "no such table 3",
  ],
  ["try { null.x } catch { n = User.query.count() } n", 3],
  ["(() => { for (const x of users) if (x.posts.length === 1) return x.username })()", "john"],
  ["(() => { try { return User.query.count() } finally { n = Post.query.count() } })() + n", 6],
  ["switch (3) { case User.query.count(): n = 'found'; break; default: n = 'not' } n", "found"],
  ["switch (u.posts.length) { case 1: case 2: { n = u.posts[0].body } default: n += '!' } n", "first!"],
  ["if (!(u.posts.length && p.author.posts.length > 5)) n = 1; else if (u.best) n = 2; n", 1],
  ["n = undefined; n ??= User.query.count(); n ||= 7; n &&= n + u.posts.length; n", 5],
  ["n = 1; n += u.posts.length; n **= User.query.count(); n", 27],
  ["n = {}; n[User.query.get(2).username] = u.posts.length; n", { john: 2 }],
  ["({ [User.query.get(2).username]: User.query.count() })", { john: 3 }],
  ["n = [0, 0, 0]; n[u.posts.length]++; n", [0, 0, 1]],
  [
    "((strings, ...values) => strings.join('_') + values.join('+'))`a${u.posts.length}b${User.query.count()}c`",
    "a_b_c2+3",
  ],
  ["try { throw User.query.get(2).username } catch (e) { n = e } n", "john"],
  ["try { users.map(x => { if (x.posts.length === 0) throw x.username }) } catch (e) { n = e } n", "mary"],
  [
    "n = ''; for (const x of users) switch (x.posts.length) { case 2: n += 'two'; continue; default: n += '-' } n",
    "two--",
  ],
  ["for (let i = User.query.count(), n2 = 0; ; i--) { n2 += i; if (i === 0) { n = n2; break } } n", 6],
  ["const [{ posts: [, { body: second }] }] = User.query.all(); second", "second"],
  ["const [first1, ...rest1] = u.posts; rest1.length", 1],
  ["[...u.posts, ...p.author.posts].length", 3],
  ["print(...u.posts.map(x => x.body)); 1", 1],
  // callbacks
  ["users.map(x => x.posts.length)", [2, 1, 0]],
  ["users.map(x => x.posts.count())", [2, 1, 0]],
  ["users.map(function (x) { return x.posts.length })", [2, 1, 0]],
  ["users.map(async x => x.posts.length)", [2, 1, 0]],
  ["users.filter(x => x.posts.length > 1).map(x => x.username)", ["susan"]],
  ["users.find(x => x.posts.length === 1).username", "john"],
  ["users.findIndex(x => x.posts.length === 0)", 2],
  ["users.findLast(x => x.posts.length > 0).id", 2],
  ["users.findLastIndex(x => x.posts.length > 0)", 1],
  ["users.some(x => x.posts.length === 2)", true],
  ["users.every(x => x.posts.length > 0)", false],
  ["users.toSorted((a, b) => a.posts.length - b.posts.length)[0].username", "mary"],
  ["users.find(x => x.best?.body === 'third').username", "john"],
  ["users.filter(({ posts }) => posts.some(({ body }) => body.startsWith('t'))).length", 1],
  ["users.map((x, i) => `${i}${x.posts.length}`)", ["02", "11", "20"]],
  ["users.flatMap(x => x.posts).map(x => x.body)", ["first", "second", "third"]],
  ["users.flatMap(x => x.posts.map(y => y.author.username))", ["susan", "susan", "john"]],
  ["users.reduce((n, x) => n + x.posts.length, 0)", 3],
  ["users.reduceRight((n, x) => n + x.posts.length, '')", "012"],
  ["[...users].sort((a, b) => a.posts.length - b.posts.length).map(x => x.username)", ["mary", "john", "susan"]],
  ["[...users].sort((a, b) => a.posts.count() - b.posts.count())[0].username", "mary"],
  ["n = []; users.forEach(x => n.push(x.posts.length)); n", [2, 1, 0]],
  ["n = 0; new Set(users).forEach(x => { n += x.posts.length }); n", 3],
  ["Array.from(users, x => x.posts.length)", [2, 1, 0]],
  ["Promise.all(users.map(x => x.posts.count()))", [2, 1, 0]],
  ["Object.fromEntries(users.map(x => [x.username, x.posts.length]))", { susan: 2, john: 1, mary: 0 }],
  ["users.map(x => x.id).filter(id => id % 2).join()", "1,3"],
  ["u.posts.map(x => x.body)", ["first", "second"]],
  // functions of one's own
  ["function busiest() { return User.query.all().find(x => x.posts.length > 1) } busiest().username", "susan"],
  ["const named = id => User.query.get(id).username; [named(1), named(2)]", ["susan", "john"]],
  ["async function two() { return await User.query.get(2) } two().username", "john"],
  ["function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) } fib(15)", 610],
  ["function later2(n, m = n + 1) { var n = n * 2; return n + m } later2(1)", 4],
  ["const o = { get count() { return User.query.count() }, double() { return this.count * 2 } }; o.double()", 6],
  ["function* gen() { yield 1; yield 2 } [...gen()]", [1, 2]],
  ["function* gen2() { for (const x of [1, 2, 3]) yield x * 2 } n = 0; for (const x of gen2()) n += x; n", 12],
  ["function* gen3() { yield User.query.count() } gen3().next().value + 1", 4],
  ["function* gen4() { yield u.posts } gen4().next().value.length", 2],
  ["class Plain { n = u.posts; count() { return u.posts.count() } } new Plain().count() + new Plain().n.length", 4],
  ["class Counter { n = 0; add() { return ++this.n } static make() { return new Counter() } } Counter.make().add()", 1],
  ["class Named extends User { shout() { return this.greet().toUpperCase() } } new Named().shout()", "I AM UNDEFINED"],
  ["(function () { return arguments.length })(1, 2, u.posts.length)", 3],
  ["new Promise(resolve => setTimeout(() => resolve(5), 1)).then(n => n + 1)", 6],
  ["User.query.count().then(n => n * 2)", 6],
  ["User.query.fail().catch(e => e.message)", "no such table"],
  // explicit await
  ["await User.query.count()", 3],
  ["(await User.query.get(1)).username", "susan"],
  ["const c = await u.posts; c.length", 2],
  ["users.map(x => await x.posts.count())", [2, 1, 0]],
  ["await 5", 5],
  // Python's keywords
  ["User(username='susan', email='s@x').email", "s@x"],
  ["User(username=User.query.get(2).username).username", "john"],
  ["new User(username='a').username", "a"],
  ["User({ username: 'b' }).username", "b"],
  ["new User({ username: 'c' }).username", "c"],
  ["new User().username", undefined],
  ["User().constructor === User", true],
  ["Post(body='x', writer=User(username='y')).author.username", "y"],
  ["User.query.filterBy(username='john').first().id", 2],
  ["User.query.filterBy(username='john', id=2).count()", 1],
  ["u.posts.filterBy(body='second').first().id", 2],
  ["(function (a) { return a })(n = 5) + n", 10],
  ["Math.abs(n = -4) + n", 0],
  ["n = 0; try { null.abs(n = 4) } catch {} n", 0],
  // imports and TypeScript
  ["import { basename } from 'node:path'; basename('/a/b')", "b"],
  ["import path, { sep as divider } from 'node:path'; path.join('a', 'b') === `a${divider}b`", true],
  ["import * as os from 'node:os'; typeof os.cpus", "function"],
  ["import('node:path').then(m => m.basename('/a/c'))", "c"],
  ["import('node:path').basename('/a/d')", "d"],
  ["const t: number = User.query.count(); t", 3],
  ["(User.query.get(1) as any).username!", "susan"],
  ["interface Shape { a: string } const s = { a: 'x' } satisfies Shape; s.a", "x"],
  ["enum Colour { red, green } Colour.green", 1],
  ["function typed<T>(value: T): T { return value } typed<number>(u.posts.length)", 2],
  ["type Id = number; const id: Id = 4; id", 4],
  ["export const exported = 6; exported", 6],
  // names that JavaScript has too
  ["new Map() instanceof Map", true],
  ["Map().constructor.name", "Map2"],
  ["(Map => Map)(3)", 3],
  ["({ Map }).Map === Map", true],
  ["({ Map: 1 }).Map", 1],
  ["[1].map(x => new globalThis.Map([[x, 2]]).get(1))", [2]],
];

test.each(TABLE)("shell 2: %s", async (typed, given) => {
  expect(await give(typed)).toEqual(given);
});

test("the table holds what was promised", () => {
  expect(TABLE.length).toBeGreaterThanOrEqual(80);
});

/** Positions of a query in which JavaScript has no `await` for it, and the code around has to wait nevertheless. */
const POSITIONS: [typed: string, given: unknown][] = [
  ["class K1 { age(id) { return User.query.get(id).id } } new K1().age(2)", 2],
  ["class K2 { static first() { return User.query.first().username } } K2.first()", "susan"],
  [
    "class K3 { has() { if (User.query.filterBy({ id: 9 }).count()) return 'wrong'; return 'right' } } new K3().has()",
    "right",
  ],
  ["class K4 { many(x) { return x.posts.count() > 1 } } const k4 = new K4(); users.filter(x => k4.many(x)).length", 1],
  ["class K5 { get n() { return User.query.count() } } new K5().n + 1", 4],
  ["class K6 { #n() { return User.query.count() } n() { return this.#n() } } new K6().n()", 3],
  ["class K7 extends K1 { age(id) { return super.age(id) + User.query.count() } } new K7().age(1)", 4],
  ["class K8 { [User.query.first().username]() { return 'named' } } new K8().susan()", "named"],
  ["class K9 { handler = () => User.query.count() } new K9().handler()", 3],
  ["const { size } = { get size() { return User.query.count() } }; size", 3],
  ["const { n: { m } } = { n: { get m() { return User.query.count() } } }; m", 3],
  ["[first] = User.query.all(); first.id", 1],
  ["(({ id } = User.query.get(3)) => id)()", 3],
  ["((n, m = n + User.query.count()) => m)(1)", 4],
  ["n = 0; for (const x of (function* () { yield* User.query.all() })()) n += x.id; n", 6],
  ["function* g1() { for (const x of User.query.all()) yield x.username } [...g1()].join()", "susan,john,mary"],
  ["const [g2a, ...g2b] = g1(); g2a + g2b.length", "susan2"],
  ["Array.from(g1(), x => x.length + User.query.count())", [8, 7, 7]],
  ["function* g3() { yield 0; yield* g1(); yield User.query.count() } [...g3()].length", 5],
  [
    "it1 = g1(); [it1.next().value, it1.next().value, it1.return('end').value, it1.next().done]",
    ["susan", "john", "end", true],
  ],
  [
    "function* g4() { try { yield 1; yield 2 } finally { n = User.query.count() } } n = 0; for (const x of g4()) break; n",
    3,
  ],
  ["class K10 { *[Symbol.iterator]() { yield User.query.count() } } [...new K10()]", [3]],
  ["({ *each() { yield User.query.count() } }).each().next().value", 3],
  ["async function* g5() { yield User.query.get(2).username } n = ''; for (const x of g5()) n += x; n", "john"],
  ["const later1 = function* () { yield 1 }; later1.name", "later1"],
  ["library.apply(() => User.query.count())", 3],
  ["library.filterAsync(users, x => x.posts.count() > 1).length", 1],
  ["(() => User.query.count()).call()", 3],
  ["n = 0; new Promise(resolve => setTimeout(() => { n = User.query.count(); resolve() }, 1)).then(() => n)", 3],
  ["new Promise(resolve => resolve(User.query.count()))", 3],
  // More members of classes, and functions that `new` calls
  ["class L1 { static #n() { return User.query.count() } static n() { return L1.#n() } } L1.n()", 3],
  ["class L2 { static get n() { return User.query.count() } } class L3 extends L2 {} L3.n", 3],
  ["class L4 { get #n() { return User.query.count() } n() { return this.#n + 1 } } new L4().n()", 4],
  ["class L5 extends K5 { get n() { return super.n + 1 } } new L5().n", 4],
  ["class L6 { async n() { const c = User.query.count(); return c + 1 } } new L6().n()", 4],
  ["function L7(x) { this.n = User.query.count() + x } const l7 = new L7(1); [l7.n, l7 instanceof L7]", [4, true]],
  ["class L8 extends (User.query.get(1).constructor) {} new L8() instanceof User", true],
  // Callbacks of JavaScript's and Node's own functions
  ["(() => User.query.get(9)).apply(null) ? 'wrong' : 'right'", "right"],
  ["(() => User.query.count()).bind(null)()", 3],
  ["Reflect.apply(() => User.query.count(), null, [])", 3],
  ["new Proxy({}, { get() { return User.query.count() } }).x", 3],
  ["new Proxy(function () {}, { apply() { return User.query.count() } })()", 3],
  ["new Proxy(function () {}, { construct() { return { n: User.query.count() } } }).constructor === Object", false],
  ["({ ...{ get a() { return User.query.count() } } })", { a: 3 }],
  ["({ ...new Proxy({ a: 1 }, { get() { return User.query.count() } }) })", { a: 3 }],
  ["Reflect.get({ get a() { return User.query.count() } }, 'a')", 3],
  ["Object.defineProperty({}, 'a', { get: () => User.query.count() }).a", 3],
  ["Promise.resolve(1).finally(() => { n = User.query.count() }).then(() => n)", 3],
  ["Promise.all([1, 2].map(id => User.query.get(id))).then(list => list.length)", 2],
  ["new Promise(resolve => process.nextTick(() => { const c = User.query.count(); resolve(c) }))", 3],
  ["new Promise(resolve => queueMicrotask(() => { const c = User.query.count(); resolve(c) }))", 3],
  ["new Promise(resolve => setImmediate(() => { const c = User.query.count(); resolve(c) }))", 3],
  ["({ t(strings, ...values) { return User.query.count() + values[0] } }).t`x${User.query.count()}`", 6],
  // No condition is true because of a promise
  ["held = new Promise(resolve => resolve(false)); held ? 'wrong' : 'right'", "right"],
  ["held = new Promise(resolve => resolve(false)); if (held) n = 'wrong'; else n = 'right'; n", "right"],
  ["held = new Promise(resolve => resolve(0)); held || 'right'", "right"],
  ["held = new Promise(resolve => resolve(0)); (1 && held) ? 'wrong' : 'right'", "right"],
  ["held = new Promise(resolve => resolve(false)); !held", true],
  ["held = new Promise(resolve => resolve(null)); held ?? 'right'", "right"],
  ["held = new Promise(resolve => resolve(false)); n = 'right'; while (held) { n = 'wrong'; break } n", "right"],
  ["new Promise(resolve => resolve(false)) ? 'wrong' : 'right'", "right"],
  ["let settle; const held2 = new Promise(resolve => { settle = resolve }); settle(4); held2.then(x => x + 1)", 5],
];

test.each(POSITIONS)("shell 19: %s", async (typed, given) => {
  evaluator.define("library", LIBRARY);
  expect(await give(typed)).toEqual(given);
});

/** Code of others, as a library has it. */
const LIBRARY = {
  groupBy: (list: unknown[], callback: (item: unknown) => string): Record<string, unknown[]> => {
    const groups: Record<string, unknown[]> = {};
    for (const item of list) (groups[callback(item)] ??= []).push(item);
    return groups;
  },
  sortBy: (list: unknown[], callback: (item: unknown) => string): unknown[] =>
    list.map((item) => [callback(item), item] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
  compose:
    (...steps: ((value: unknown) => unknown)[]) =>
    (value: unknown): unknown =>
      steps.reduceRight((given, step) => step(given), value),
  tap: (value: unknown, callback: (value: unknown) => void): unknown => {
    callback(value);
    return value;
  },
  each: (list: unknown[], callback: (item: unknown) => unknown): unknown[] => {
    for (const item of list) if (callback(item) === false) break;
    return list;
  },
  apply: (callback: () => unknown): unknown => callback(),
  filter: (list: unknown[], callback: (item: unknown) => unknown): unknown[] => list.filter((item) => callback(item)),
  filterLate: async (list: unknown[], callback: (item: unknown) => unknown): Promise<unknown[]> => {
    await Promise.resolve();
    return list.filter((item) => callback(item));
  },
  filterAsync: async (list: unknown[], callback: (item: unknown) => unknown): Promise<unknown[]> => {
    const kept: unknown[] = [];
    for (const item of list) if (await callback(item)) kept.push(item);
    return kept;
  },
};

test.each([
  "library.filter(users, x => x.posts.count() > 1)",
  "library.filterLate(users, x => x.posts.count() > 1)",
  "'abc'.replace(/b/, () => User.query.count())",
  "JSON.stringify({ a: 1 }, (key, value) => User.query.count() && value)",
  "JSON.stringify({ toJSON() { return User.query.count() } })",
  "Object.groupBy ? Object.groupBy([1], () => User.query.first().username) : library.filter(users, x => x.posts.count())",
  "new Uint8Array([3, 1]).sort((a, b) => User.query.count() * (a - b))",
  "function* lazy() { yield User.query.count() } new Set(lazy())",
  "class C1 { constructor() { this.n = User.query.count() } } new C1()",
  "class C2 { n = User.query.count() } new C2()",
  "class C3 { static n = User.query.count() }",
  "class C4 { static { this.n = User.query.count() } }",
  "class C5 { set n(value) { this.m = User.query.count() } } new C5().n = 1",
  "({ set n(value) { this.m = User.query.count() } }).n = 1",
  "class C6 { constructor(n = User.query.count()) { this.n = n } } new C6()",
  "class C7 { #n = User.query.count() } new C7()",
  "class C8 extends User { constructor() { super(User.query.count()) } } new C8()",
  "Reflect.construct(class { constructor() { this.n = User.query.count() } }, [])",
  // Operators that call functions
  "1 + { valueOf() { return User.query.count() } }",
  "({ valueOf() { return User.query.count() } }) < 3 ? 'wrong' : 'wrong too'",
  "-{ valueOf() { return User.query.count() } }",
  "'' + { toString() { return User.query.get(1).username } }",
  "`${{ toString() { return User.query.get(1).username } }}`",
  "String({ toString() { return User.query.get(1).username } })",
  "+{ [Symbol.toPrimitive]() { return User.query.count() } }",
  "({ a: 1 })[{ toString() { return User.query.get(1).username } }]",
  "'x' in new Proxy({}, { has() { return User.query.get(9) } })",
  "delete new Proxy({ a: 1 }, { deleteProperty() { return User.query.get(9) } }).a",
  "new Proxy({}, { set() { return User.query.count() } }).a = 1; 2",
  "1 instanceof { [Symbol.hasInstance]() { return User.query.get(9) } }",
  // Functions of JavaScript and Node that use the result at once
  "JSON.parse('[1]', () => User.query.count())",
  "JSON.stringify({ get a() { return User.query.count() } })",
  "Object.assign({}, { get a() { return User.query.count() } })",
  "Object.entries({ get a() { return User.query.count() } })",
  "structuredClone({ get a() { return User.query.count() } })",
  "[].map.call([1], () => User.query.count())",
  "[1]['map'](() => User.query.count())",
  "Object.fromEntries((function* () { yield ['a', User.query.count()] })())",
  "Uint8Array.from([1], () => User.query.count())",
  "new EventEmitter().on('x', () => { n = User.query.count() }).emit('x')",
  "target = new EventTarget(); target.addEventListener('x', () => { n = User.query.count() }); target.dispatchEvent(new Event('x'))",
  // A library in the manner of underscore
  "library.groupBy([1], () => User.query.get(1).username)",
  "library.sortBy([1, 2], id => User.query.get(id).username)",
  "library.compose(x => x + 1, () => User.query.count())(0)",
  "library.tap(1, () => { n = User.query.count() })",
  "library.each([1, 2], () => User.query.get(9))",
  // Code in a text
  "eval('User.query.get(9) ? 1 : 2')",
  "(0, eval)('User.query.get(9) ? 1 : 2')",
  "new Function('return User.query.get(9) ? 1 : 2')()",
])("shell 19: what would have to wait where JavaScript cannot is refused: %s", async (typed) => {
  evaluator.define("library", LIBRARY);
  evaluator.define("EventEmitter", EventEmitter);
  const outcome = await evaluator.evaluate(typed);
  expect(outcome).toMatchObject({ kind: "error", error: { code: "shell/cannot-wait" } });
});

test.each([
  ["db0 = { n: 0, add() { this.n++; return this } }; db0" + ".add(0, 'text')".repeat(150) + ".n", 150],
  ["print(n = ".repeat(30) + "1" + ")".repeat(30) + ", 1", 1],
  ["x => ".repeat(40) + "1, 2", 2],
])("shell 19: the time grows with the length of the input, not faster: %#", async (typed, given) => {
  const began = performance.now();
  expect(await give(typed)).toEqual(given);
  // Doubling with each call would take hours.
  expect(performance.now() - began).toBeLessThan(20_000);
});

test.each([
  ["u0 = {}; u0.nope()", "u0.nope is not a function"],
  ["u0.nope?.x.y; u0.nope.x", "Cannot read properties of undefined (reading 'x')"],
  ["u0['no' + 'pe']", undefined],
  ["u0?.nope()", "u0?.nope is not a function"],
  ["u0.a = 5; [...u0.a]", "u0.a is not iterable"],
  ["for (const x of u0.a) x", "u0.a is not iterable"],
  ["new u0.a()", "u0.a is not a constructor"],
  ["two = 2; class C0 { field = two(1); [await 'name']() {} } new C0()", "two is not a function"],
  ["const { z0 } = u0.nope", "Cannot destructure property 'z0' of 'u0.nope' as it is undefined."],
  [
    "let failure; try { u0.nope() } catch ({ message }) { failure = message } throw new Error(failure)",
    "u0.nope is not a function",
  ],
])("shell 19: the message of an error names what was typed: %s", async (typed, message) => {
  const outcome = await evaluator.evaluate(typed);
  expect(outcome.kind === "error" ? (outcome.error as Error).message : undefined).toBe(message);
});

test("shell 19: a function is converted to the text that was typed", async () => {
  for (const text of [
    "(a) => { return a }",
    "(a) => { return a.b }",
    "function f(a) { return a.b() }",
    "class K { m() { return this.n() } }",
  ])
    expect(await give(`String(${text})`)).toBe(text);
});

test("two statements are kept apart although the second now begins with a parenthesis", async () => {
  expect(await give("s1 = u\ns2 = u.posts\nu.posts.length\ns3 = s1\nu.username")).toBe("susan");
  expect(await give("function go() {\n  const x = u\n  u.posts.length\n  return x\n}\ngo().username")).toBe("susan");
});

test("shell 2: a query or a thenable that is only named asks nothing", async () => {
  FakeQuery.asked = 0;
  const outcome = (await evaluator.evaluate("q = User.query.filterBy({ id: 1 }).limit(5)")) as EvaluationResult & {
    kind: "value";
  };
  expect(outcome.value).toBeInstanceOf(FakeQuery);
  expect(FakeQuery.asked).toBe(0);
  expect(
    await give(
      "ran = 0; thing = { then() { ran++ } }; holder = { thing }; holder.thing; [thing][0]; (() => thing)(); function same(x) { return x.thing } same(holder); ran",
    ),
  ).toBe(0);
});

test("a relation that can answer by itself is not loaded", async () => {
  const touched = { times: 0 };
  evaluator.define("lazy", { posts: new LazyList(() => [new Post(), new Post()], touched) });
  expect(await give("lazy.posts.count()")).toBe(2);
  expect(touched.times).toBe(0);
  expect(await give("lazy.posts.length")).toBe(2);
  expect(touched.times).toBe(1);
});

test("shell 4: const, let, class and function can be typed again, and a failed let poisons nothing", async () => {
  await give("const k = 1");
  expect(await give("const k = 2; k")).toBe(2);
  await expect(give("let z = null.x")).rejects.toThrow(TypeError);
  expect(await give("let z = 5; z")).toBe(5);
  await give("class A { a() { return 1 } }");
  expect(await give("class A { a() { return 2 } } new A().a()")).toBe(2);
  await give("function f() { return 1 }");
  expect(await give("function f() { return 2 } f()")).toBe(2);
});

test("thrown values come back as what they are", async () => {
  for (const [typed, thrown] of [
    ["throw 5", 5],
    ["throw 'text'", "text"],
    ["throw null", null],
    ["throw undefined", undefined],
    ["throw 10n", 10n],
  ] as const) {
    expect(await evaluator.evaluate(typed)).toMatchObject({ kind: "error", error: thrown });
  }
  const outcome = (await evaluator.evaluate(
    "throw Object.assign(new RangeError('far'), { code: 7 })",
  )) as EvaluationResult & {
    kind: "error";
  };
  expect(outcome.error).toBeInstanceOf(RangeError);
  expect(outcome.error).toMatchObject({ message: "far", code: 7 });
});

test.each([
  ["User.query.get(99).username", ".username"],
  ["1 + nothing + 2", "nothing"],
  ["users.map(x => x.missing.more)", ".more"],
  ["const t2: number = nothing", "nothing"],
  ["a = 1\nb = 2\nnull.field", ".field"],
  ["{ a: nothing }", "nothing"],
])("shell 16: an error points at what was typed: %s", async (typed, at) => {
  const outcome = (await evaluator.evaluate(typed)) as EvaluationResult & { kind: "error" };
  expect(outcome.kind).toBe("error");
  const { text, offset } = outcome.location!;
  expect(text).toBe(typed);
  expect(typed.slice(Math.max(0, offset - 1))).toContain(at.replace(/^\./, ""));
  expect(Math.abs(offset - typed.lastIndexOf(at))).toBeLessThanOrEqual(1);
});

test.each([
  "f(",
  "x = {",
  "if (a) {",
  "`a",
  "/* a",
  "a.",
  "users.map(x => {",
  "const x =",
  "try { 1 }",
  "class A {",
  "interface A {",
  "const x: number =",
])("more lines are wanted after %s", (text) => {
  expect(evaluator.parse(text).status).toBe("incomplete");
});

test.each(["f)", "a b", "'abc", "const = 1", "1 +* 2", "for (", "}"])(
  "%s is wrong or unfinished, never whole",
  (text) => {
    expect(evaluator.parse(text).status).not.toBe("complete");
  },
);

test("garbage that is collected before an input ends does no harm", async () => {
  const { post } = Session.prototype as unknown as { post: (...given: unknown[]) => void };
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const spy = jest.spyOn(Session.prototype, "post").mockImplementation(function (this: Session, ...given: unknown[]) {
    post.apply(this, given);
    collect();
  } as never);
  expect(await give("[1, 2].length")).toBe(2);
  expect(await give("await new Promise(resolve => setImmediate(resolve)); 3")).toBe(3);
  spy.mockRestore();
});

test("shell 15: an interrupted statement does not go on behind the prompt", async () => {
  const running = evaluator.evaluate("went = 0; for (;;) went++");
  setTimeout(() => evaluator.interrupt(), 60);
  expect(await running).toEqual({ kind: "interrupted" });
  const reached = await give("went");
  expect(reached).toBeGreaterThan(0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await give("went")).toBe(reached);
});

test("shell 15: a statement that waits forever can be interrupted", async () => {
  const running = evaluator.evaluate("kept = new Promise(() => {}); kept.then(() => 1)");
  setTimeout(() => evaluator.interrupt(), 20);
  expect(await running).toEqual({ kind: "interrupted" });
});
