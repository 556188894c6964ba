import vm from "node:vm";
import { randomBytes } from "node:crypto";
import { Column, Entity, PrimaryGeneratedColumn, type ColumnOptions, type ValueTransformer } from "typeorm";
import { eachDatabase, type DatabaseName } from "../helpers/databases";
import { benchOn } from "../helpers/bench";

/** A type of column, with two values that differ in it. Values are in the form in which they are read. */
interface Kind {
  readonly options: ColumnOptions;
  readonly values: readonly [unknown, unknown];
  readonly on?: readonly DatabaseName[];
  /** Types that PostgreSQL has lists of. */
  readonly list?: boolean;
}

const early = new Date("1850-06-01T12:00:00.000Z");
const late = new Date("2024-03-10T07:30:15.250Z");

function kindsOn(on: DatabaseName): Record<string, Kind> {
  const isServer = on !== "sqlite";
  const moment = isServer ? { precision: on === "mariadb" ? 3 : 6 } : {};
  return {
    int: { options: { type: "int" }, values: [1, -2], list: true },
    long: {
      options: { type: "bigint" },
      values: ["9007199254740993", isServer ? "-4" : -4],
      list: true,
    },
    decimal: {
      options: { type: "decimal", precision: 12, scale: 2 },
      values: isServer ? ["1234567890.50", "-0.01"] : [1234567890.5, -0.01],
    },
    double: { options: { type: isServer ? "double precision" : "double" }, values: [0.1, -1e-300], list: true },
    text: { options: { type: "varchar", length: 200 }, values: ["žluť, \"quoted\" 'text'", ""], list: true },
    flag: { options: { type: "boolean" }, values: [true, false], list: true },
    tiny: { options: { type: "tinyint" }, values: [1, 0], on: ["sqlite", "mariadb"] },
    day: { options: { type: "date" }, values: ["2011-12-30", "2018-11-04"], list: true },
    time: {
      options: { type: "time", ...(on === "mariadb" ? { precision: 3 } : {}) },
      values: on === "postgres" ? ["23:59:59.5", "00:00:00"] : ["23:59:59.500", "00:00:00.000"],
      list: true,
    },
    moment: {
      options: { type: on === "postgres" ? "timestamptz" : "datetime", ...moment },
      values: [early, late],
      list: true,
    },
    local: { options: { type: "timestamp" }, values: [early, late], on: ["postgres"], list: true },
    json: { options: { type: isServer ? "json" : "simple-json" }, values: [{ a: [1, "2", null] }, ["x"]] },
    jsonb: { options: { type: "jsonb" }, values: [{ a: { b: 1 } }, { a: { b: 2 } }], on: ["postgres"], list: true },
    simple: { options: { type: "simple-array" }, values: [["a", "b"], []] },
    choice: {
      options: { type: isServer ? "enum" : "simple-enum", enum: ["x", "y z"] },
      values: ["x", "y z"],
      list: true,
    },
    uuid: {
      options: { type: "uuid" },
      values: ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
      list: true,
    },
    bytes: {
      options: { type: on === "postgres" ? "bytea" : "blob" },
      values: [Buffer.from([0, 255, 92]), Buffer.alloc(0)],
      list: true,
    },
  };
}

const isNothing = (value: unknown): value is null | undefined => value === null || value === undefined;

/** A value without what the transformer does not keep. */
interface Transformed {
  readonly transformer: ValueTransformer;
  /** Types that it can be used with. */
  readonly takes?: (kind: string) => boolean;
}

const TRANSFORMERS: Record<string, Transformed | undefined> = {
  none: undefined,
  identity: { transformer: { to: (value: unknown) => value, from: (value: unknown) => value } },
  lossy: {
    transformer: {
      to: (value: string | null) => value && value.toUpperCase(),
      from: (value: string | null) => value && value.toLowerCase(),
    },
    takes: (kind) => kind === "text",
  },
  salted: {
    transformer: {
      to: (value: unknown) => (isNothing(value) ? value : randomBytes(4).toString("hex") + JSON.stringify(value)),
      from: (value: string | null) => (isNothing(value) ? value : (JSON.parse(value.slice(8)) as unknown)),
    },
    takes: (kind) => kind === "text",
  },
  hashed: {
    transformer: {
      to: (value: string | null) => value && `${randomBytes(4).toString("hex")}:${value.length}`,
      from: (value: string | null) => value,
    },
    takes: (kind) => kind === "text",
  },
  throwing: {
    transformer: {
      to: (value: object) => {
        if (isNothing(value)) throw new Error("nothing given");
        return value;
      },
      from: (value: object) => value,
    },
  },
  classes: {
    transformer: {
      to: (value: Wrapped | null) => value && { held: value.held, salt: randomBytes(4).toString("hex") },
      from: (value: { held: unknown } | null) => value && new Wrapped(value.held),
    },
    takes: (kind) => kind === "json" || kind === "jsonb",
  },
};

class Wrapped {
  constructor(readonly held: unknown) {}
}

interface Field {
  readonly name: string;
  readonly options: ColumnOptions;
  readonly values: readonly [unknown, unknown];
  readonly nullable: boolean;
  readonly transformer: string;
}

function fieldsOn(on: DatabaseName): Field[] {
  return Object.entries(kindsOn(on))
    .filter(([, kind]) => !kind.on || kind.on.includes(on))
    .flatMap(([kindName, kind]) =>
      Object.entries(TRANSFORMERS)
        .filter(([, one]) => one?.takes?.(kindName) ?? true)
        .flatMap(([transformer, one]) =>
          (on === "postgres" && kind.list && one?.takes === undefined ? [false, true] : [false]).map((array): Field => {
            const made = (value: unknown): unknown =>
              array
                ? [value, ...(transformer === "throwing" || kindName === "choice" ? [] : [null])]
                : transformer === "classes"
                  ? new Wrapped(value)
                  : value;
            const nullable = transformer !== "throwing";
            return {
              name: `${kindName}_${transformer}${array ? "_list" : ""}`,
              options: {
                ...kind.options,
                ...(array && { array }),
                nullable,
                ...(one && { transformer: one.transformer }),
              },
              values: [made(kind.values[0]), made(kind.values[1])],
              nullable,
              transformer,
            };
          }),
        ),
    );
}

/** What is read of a value that was written. */
function asRead({ transformer }: Field, value: unknown): unknown {
  if (transformer === "lossy") return (value as string).toLowerCase();
  if (transformer === "hashed")
    return value === "" ? "" : expect.stringMatching(`^[0-9a-f]{8}:${(value as string).length}$`);
  return value;
}

/** Jest's own `process.env` is a copy. */
function setTimeZone(zone: string | undefined): void {
  vm.runInThisContext(zone === undefined ? "delete process.env.TZ" : `process.env.TZ = ${JSON.stringify(zone)}`);
}

eachDatabase((database) => {
  const fields = fieldsOn(database.name);
  class Sheet {
    [property: string]: unknown;
  }
  Entity("sheet")(Sheet);
  PrimaryGeneratedColumn()(Sheet.prototype, "id");
  for (const { name, options } of fields) Column(options)(Sheet.prototype, name);
  const bench = benchOn(database, { entities: [Sheet] });
  afterAll(() => setTimeZone(process.env["TZ"]));

  const valuesOf = (place: 0 | 1): Record<string, unknown> =>
    Object.fromEntries(fields.map(({ name, values }) => [name, values[place]]));
  const readOf = (place: 0 | 1): Record<string, unknown> =>
    Object.fromEntries(fields.map((field) => [field.name, asRead(field, field.values[place])]));

  test.each(["America/New_York", "Pacific/Apia", "Europe/London"])(
    "session 45: in %s what was written is read, reading changes nothing, rollback restores",
    async (zone) => {
      setTimeZone(zone);
      const { db, session } = bench;
      const sheet = db.create(Sheet, structuredCloneOf(valuesOf(0)));
      session.add(sheet);
      await session.commit();
      expect(session.changes(sheet)).toEqual({});
      expect(session.dirty).toEqual([]);

      const fresh = await bench.fresh();
      const read = (await fresh.query(Sheet).one()) as Record<string, unknown>;
      expect({ ...read }).toEqual({ id: sheet["id"], ...readOf(0) });
      expect(fresh.session.changes(read)).toEqual({});
      expect(fresh.session.dirty).toEqual([]);
      // What was read, assigned again.
      Object.assign(read, structuredCloneOf({ ...read }));
      expect(fresh.session.changes(read)).toEqual({});

      const before = { ...read };
      Object.assign(read, structuredCloneOf(valuesOf(1)));
      const changes = fresh.session.changes(read);
      expect(Object.keys(changes).sort()).toEqual(fields.map(({ name }) => name).sort());
      for (const { name, values } of fields)
        expect({ name, ...changes[name] }).toEqual({ name, before: before[name], after: values[1] });
      await fresh.session.flush();
      expect(fresh.session.dirty).toEqual([]);
      await fresh.session.rollback();
      expect({ ...read }).toEqual(before);
      expect(fresh.session.dirty).toEqual([]);

      Object.assign(read, structuredCloneOf(valuesOf(1)));
      await fresh.session.commit();
      await session.refresh(sheet);
      expect({ ...sheet }).toEqual({ id: sheet["id"], ...readOf(1) });
      expect(session.dirty).toEqual([]);

      for (const { name, nullable } of fields) if (nullable) sheet[name] = null;
      await session.commit();
      await fresh.session.refresh(read);
      for (const { name, nullable } of fields)
        if (nullable) expect({ name, value: read[name] }).toEqual({ name, value: null });
      expect(fresh.session.dirty).toEqual([]);
    },
  );
});

/** Copies that share no object with the originals. */
function structuredCloneOf(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, cloned(value)]));
}

function cloned(value: unknown): unknown {
  if (value instanceof Wrapped) return new Wrapped(cloned(value.held));
  if (value instanceof Date) return new Date(value);
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(cloned);
  return value;
}
