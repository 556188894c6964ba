import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { MigrationPlace, type PlaceOptions } from "../../../src/migrate/files/place";
import { findMigrationFiles } from "../../../src/migrate/files/sources";

const BASE = "1700000000005-posts";

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "retort-place-"));
});
afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

function write(...files: string[]): void {
  for (const file of files) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), "");
  }
}

function placeOf(declared: readonly (string | Function)[], more: Partial<PlaceOptions> = {}): MigrationPlace {
  return new MigrationPlace({
    declared,
    root,
    language: "ts",
    configuration: path.join(root, "ormconfig.ts"),
    formatOf: () => "cjs",
    ...more,
  });
}

/** Where the new file goes; it is written, and found again. */
function newFile(place: MigrationPlace): string {
  const { file } = place.newFile(BASE);
  const name = path.relative(root, file);
  write(name);
  expect(findMigrationFiles(place.options)).toContain(file);
  return name;
}

const build = () => [{ compiled: path.join(root, "dist"), sources: path.join(root, "src") }];

test.each([
  ["migrations/*.ts", `migrations/${BASE}.ts`],
  ["./db/changes/*{.ts,.js}", `db/changes/${BASE}.ts`],
  ["migrations/*.js", `migrations/${BASE}.js`],
  ["migrations/*.mts", `migrations/${BASE}.mts`],
  ["migrations/*.cts", `migrations/${BASE}.cts`],
  ["migrations/*.{cjs,mjs}", `migrations/${BASE}.mjs`],
  ["migrations/**/*.ts", `migrations/${BASE}.ts`],
  ["src/**/migrations/*.ts", `src/migrations/${BASE}.ts`],
  ["src/**/*.migration.ts", `src/migrations/${BASE}.migration.ts`],
  ["modules/*/migrations/*.ts", `modules/migrations/migrations/${BASE}.ts`],
  ["migrations/sqlite-*.ts", `migrations/sqlite-${BASE}.ts`],
  ["migrations/*-[a-z]*.ts", `migrations/${BASE}.ts`],
])("migrate promise 7: with the pattern %s, a new file is %s", (pattern, expected) => {
  expect(newFile(placeOf([pattern]))).toBe(expected);
});

test("a pattern that begins in the configuration's folder is a pattern like any other", () => {
  expect(newFile(placeOf([`${root}/app/migrations/*{.ts,.js}`]))).toBe(`app/migrations/${BASE}.ts`);
});

test("migrate promise 7: a folder that a pattern names goes before one whose name would be made up", () => {
  expect(newFile(placeOf(["modules/*/migrations/*.ts", "changes/*.ts"]))).toBe(`changes/${BASE}.ts`);
});

test("migrate promise 7: a new file goes beside the newest one, where several folders match", () => {
  write("modules/shop/migrations/1700000000001-a.ts", "modules/blog/migrations/1700000000002-b.ts");
  expect(newFile(placeOf(["modules/*/migrations/*.ts"]))).toBe(`modules/blog/migrations/${BASE}.ts`);
});

test.each([
  ["dist/migrations/*.js", `src/migrations/${BASE}.ts`],
  ["dist/migrations/*{.ts,.js}", `src/migrations/${BASE}.ts`],
  ["dist/**/migrations/*.js", `src/migrations/${BASE}.ts`],
  ["dist/migrations/**/*.js", `src/migrations/${BASE}.ts`],
  ["dist/**/*.js", `src/migrations/${BASE}.ts`],
  ["dist/migrations/*.mjs", `src/migrations/${BASE}.mts`],
])(
  "migrate promise 7: a pattern of compiled files, %s: the source is written, and found before it is compiled",
  (pattern, expected) => {
    expect(newFile(placeOf([pattern], { build, language: "js" }))).toBe(expected);
  },
);

test("without a compiler's configuration, dist mirrors src", () => {
  write("src/data-source.ts");
  expect(newFile(placeOf(["dist/migrations/*.js"]))).toBe(`src/migrations/${BASE}.ts`);
});

test("a compiled migration and its source are one; a compiled one without a source stays one", () => {
  write(
    "dist/migrations/1700000000001-a.js",
    "dist/migrations/1700000000001-a.d.ts",
    "src/migrations/1700000000001-a.ts",
  );
  write("dist/migrations/1700000000002-b.js", "migrations/1700000000003-c.js", "migrations/1700000000003-c.ts");
  const found = (declared: string[]) =>
    findMigrationFiles(placeOf(declared, { build }).options).map((file) => path.relative(root, file));
  expect(found(["dist/migrations/*.js"])).toEqual([
    "dist/migrations/1700000000002-b.js",
    "src/migrations/1700000000001-a.ts",
  ]);
  expect(found(["dist/migrations/*.js", "src/migrations/*.ts"])).toHaveLength(2);
  expect(found(["migrations/*{.ts,.js}"])).toEqual(["migrations/1700000000003-c.ts"]);
});

test.each([
  ["nothing", [], {}, 'in ormconfig.ts, write migrations: ["migrations/*.ts"]'],
  ["classes", [class One1700000000001 {}], {}, 'in ormconfig.ts, write migrations: […, "migrations/*.ts"]'],
  ["the path of one file", ["migrations/1700000000001-one.ts"], {}, "in ormconfig.ts, write"],
  ["another folder than the settings", ["db/*.ts"], { folder: "migrations" }, "in ormconfig.ts, write"],
  ["a pattern that no name of ours fits", ["migrations/?.ts"], {}, "in ormconfig.ts, write"],
  ["a pattern that is taken back", ["migrations/*.ts", "!**/*posts*"], {}, "in ormconfig.ts, write"],
] as const)(
  "where the DataSource names %s, a new migration is refused, with the line to write",
  (_, declared, more, hint) => {
    expect(() => placeOf(declared, more).newFile(BASE)).toThrow(
      expect.objectContaining({ code: "migrate/not-found-again", hint: expect.stringContaining(hint) as string }),
    );
  },
);

test("the newest timestamp is that of any file that is found, whatever surrounds it", () => {
  write("migrations/sqlite-1700000000007-x.ts");
  expect(placeOf(["migrations/sqlite-*.ts"]).newestTimestamp()).toBe(1_700_000_000_007);
});
