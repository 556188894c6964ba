import type { DataSource, DataSourceOptions } from "typeorm";
import { exportedDataSource, isDataSource } from "../../src/config/exports";
import { RetortError } from "../../src/errors";

/** Another copy of TypeORM than the one Retort knows: only the shape is the same. */
class ForeignDataSource {
  readonly "@instanceof" = Symbol.for("DataSource");
  readonly isInitialized = false;
  constructor(readonly options: object = { type: "postgres" }) {}
  initialize(): void {}
  createQueryRunner(): void {}
}

const options = { type: "better-sqlite3", database: "x" };
const source = new ForeignDataSource();

async function chosen(exports: object, wanted?: string): Promise<unknown> {
  const construct = (given: DataSourceOptions) => new ForeignDataSource(given) as unknown as DataSource;
  return exportedDataSource(exports as Record<string, unknown>, "/project/ormconfig.ts", wanted, construct);
}

async function refused(exports: object, wanted?: string): Promise<RetortError> {
  const error: unknown = await chosen(exports, wanted).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RetortError);
  expect((error as RetortError).exitCode).toBe(2);
  return error as RetortError;
}

test("a DataSource is known by its shape", () => {
  expect(isDataSource(source)).toBe(true);
  expect(isDataSource({ options: {}, initialize() {}, createQueryRunner() {} })).toBe(true);
  expect(isDataSource(options)).toBe(false);
  expect(isDataSource(null)).toBe(false);
});

class Subclass extends ForeignDataSource {}
class WithMember {
  dataSource = source;
}
class WithStatic {
  static getDataSource() {
    return source;
  }
}
class WithMethod {
  private readonly own = source;
  init() {
    return Promise.resolve(this.own);
  }
}

test.each<[string, object]>([
  ["default export", { default: source }],
  ["named export", { AppDataSource: source }],
  ["default and named, the same", { default: source, AppDataSource: source }],
  ["module.exports", source],
  [
    "what CommonJS exports, seen from an ES module",
    { default: { __esModule: true, default: source }, __esModule: true },
  ],
  ["a DataSource beside the options it was made of", { dataSourceOptions: options, db: source }],
  ["a function", { default: () => source }],
  ["an async function", { default: async () => Promise.resolve(source) }],
  ["module.exports is a function", () => source],
  ["a promise", { default: Promise.resolve(source) }],
  ["a named promise", { ready: Promise.resolve(source) }],
  ["a function that gives a function", { default: () => () => source }],
  ["getDataSource()", { getDataSource: () => source, port: 1 }],
  ["init()", { init: () => source, seed: () => fail("was called") }],
  ["an object with init()", { default: { init: () => source } }],
  ["an object that holds it", { database: { dataSource: source } }],
  ["a class with a member", { Database: WithMember }],
  ["a class with a static method", { default: WithStatic }],
  ["a class with a method", { default: WithMethod }],
])("%s", async (_, exports) => {
  expect(await chosen(exports)).toBe(source);
});

test("a class that is a DataSource is made", async () => {
  expect(await chosen({ default: Subclass })).toBeInstanceOf(Subclass);
});

test.each<[string, object]>([
  ["as default", { default: options }],
  ["by name", { dataSourceOptions: options }],
  ["as module.exports", options],
  ["from a function", { default: () => options }],
  ["from a promise", { config: Promise.resolve(options) }],
  ["of JSON, as an ES module sees it", { default: options, ...options }],
])("options %s", async (_, exports) => {
  expect(await chosen(exports)).toMatchObject({ options });
});

test("an array of named options, as ormconfig.json had it", async () => {
  const two = [options, { ...options, name: "reports" }];
  expect(await chosen(two, "reports")).toMatchObject({ options: { name: "reports" } });
  expect((await refused(two)).message).toMatch(/exports several DataSources: 0, reports/);
});

test("--name chooses any export", async () => {
  const other = new ForeignDataSource();
  expect(await chosen({ default: source, other }, "other")).toBe(other);
  expect(await chosen({ default: source, make: () => other }, "make")).toBe(other);
});

test("several: which ones there are", async () => {
  const error = await refused({ first: source, second: new ForeignDataSource(), port: 1 });
  expect(error.message).toMatch(/exports several DataSources: first, second$/);
  expect(error.hint).toBe("add --name first");
});

test("none: what there is instead; functions that do not say what they give are not called", async () => {
  const error = await refused({
    port: 1,
    seed: () => fail("was called"),
    dropDatabaseConnection: () => fail("was called"),
    retort: {},
  });
  expect(error.message).toMatch(
    /exports no DataSource; it exports port \(a number\), seed \(a function\), dropDatabaseConnection \(a function\)$/,
  );
  expect((await refused({})).message).toMatch(/it exports nothing$/);
});

test("a name that is not there", async () => {
  const error = await refused({ AppDataSource: source }, "AppDatasource");
  expect(error.message).toMatch(/has no export "AppDatasource"; did you mean "AppDataSource"\?$/);
});
