import fs from "node:fs";
import { eachDatabase } from "../../helpers/databases";
import { scratchProject } from "../../helpers/project";

test.each([
  ["TypeScript", { "tsconfig.json": "{}" }, {}, "ormconfig.ts", /^import "reflect-metadata";[^]*migrations\/\*\.ts/],
  ["an ES module package", {}, { type: "module" }, "ormconfig.js", /^import "reflect-metadata";[^]*migrations\/\*\.js/],
  ["CommonJS", {}, {}, "ormconfig.js", /^require\("reflect-metadata"\);[^]*module\.exports =[^]*migrations\/\*\.js/],
])(
  "init in %s: makes what is missing, and the next commands work with it",
  async (_, files, packageJson, name, text) => {
    const project = scratchProject({ files: files as Record<string, string>, packageJson });
    const first = await project.hosted(["migrate", "init"]);
    const entity = `src/entities/user${name.slice(name.lastIndexOf("."))}`;
    expect(first).toMatchObject({ stdout: `created  ${name}\ncreated  ${entity}\ncreated  migrations\n`, exitCode: 0 });
    expect(project.read(name)).toMatch(text);
    const created = await project.hosted(["migrate", "create", "first", "things"]);
    expect(created.stdout).toMatch(/^migrations\/\d{13}-first-things\.[jt]s\n$/);
    // A native ES module that has changed is loaded anew by a new process only.
    expect((await project.retort(["migrate", "up"])).stderr).toMatch(/^up {4}FirstThings\d{13} {2}\d+ ms$/m);
    expect((await project.retort(["migrate", "status"])).stdout).toMatch(/^applied {3}FirstThings\d{13}/);
  },
);

test("init overwrites nothing", async () => {
  const project = scratchProject({
    files: {
      "data-source.js": `require("reflect-metadata");
const { DataSource } = require("typeorm");
module.exports = new DataSource({ type: "better-sqlite3", database: "x.sqlite", migrations: ["db/changes/*.js"] });
`,
    },
  });
  const text = project.read("data-source.js");
  const { stdout } = await project.hosted(["migrate", "init", "--json"]);
  expect(JSON.parse(stdout)).toEqual({ created: ["db/changes"], existing: ["data-source.js"] });
  expect(project.read("data-source.js")).toBe(text);
  expect(project.exists("ormconfig.js")).toBe(false);
  const again = await project.hosted(["migrate", "init", "--json"]);
  expect(JSON.parse(again.stdout)).toEqual({ created: [], existing: ["data-source.js", "db/changes"] });
  const created = await project.hosted(["migrate", "create", "-m", "more", "--json"]);
  expect(JSON.parse(created.stdout)).toMatchObject({
    name: expect.stringMatching(/^More\d{13}$/),
    file: expect.stringMatching(/^db\/changes\//),
  });
});

test("init takes the driver that the project depends on, and the file that is named", async () => {
  const project = scratchProject({ packageJson: { dependencies: { pg: "^8" } } });
  await project.hosted(["migrate", "init", "-d", "src/db.js"]);
  expect(project.read("src/db.js")).toContain(`type: "postgres"`);
  expect(project.exists("migrations")).toBe(true);
});

eachDatabase((database) => {
  test("from an empty folder to the first prompt in two commands", async () => {
    const project = scratchProject();
    fs.rmSync(project.path("package.json"));
    const { env } = await database.create();
    const url = env["DATABASE_URL"];
    const { stdout, exitCode } = await project.hosted(["init", ...(url ? ["--url", url] : ["--database", "sqlite"])]);
    const files = ["ormconfig.ts", "src/entities/user.ts", "package.json", ".gitignore", "tsconfig.json"];
    const created = [...files, ...(url ? [".env"] : []), "migrations"];
    expect({ stdout, exitCode }).toEqual({ stdout: created.map((name) => `created  ${name}\n`).join(""), exitCode: 0 });
    expect(await project.hosted(["shell", "-e", "User.name"])).toMatchObject({ stdout: "'User'\n", exitCode: 0 });
    expect(await project.hosted(["migrate", "generate", "first"])).toMatchObject({ exitCode: 0 });
    expect(await project.hosted(["migrate", "up"])).toMatchObject({ exitCode: 0 });
    expect(await project.hosted(["shell", "-e", "User.query.count()"])).toMatchObject({ stdout: "0\n" });
    expect(await project.hosted(["doctor"])).toMatchObject({ exitCode: 0 });
  });
});

test("a project with TypeORM and entities gets what is missing only; --dry-run shows it and writes nothing", async () => {
  const project = scratchProject({
    packageJson: { dependencies: { typeorm: "1", pg: "8" } },
    files: { "tsconfig.json": "{}", "src/entity/thing.ts": "export {};" },
  });
  const before = project.list();
  const { stdout } = await project.hosted(["init", "--dry-run"]);
  expect(stdout).toMatch(
    /^create {2}ormconfig\.ts\n {2}import "reflect-metadata";\n[^]*entities: \["src\/entity\/\*\.ts"\],\n[^]*\ncreate {2}migrations\n$/,
  );
  expect(project.list()).toEqual(before);
  expect((await project.hosted(["init"])).stdout).toBe("created  ormconfig.ts\ncreated  migrations\n");
});

test.each([
  [["--url", "shop.sqlite"], /--url is not the address of a server\n.*--database sqlite/],
  [["--url", "oracle://me:secret@host/x"], /^error: --url is not the address of a server\n(?!.*secret)/],
  [
    ["--database", "mysql", "--url", "postgres://host/x"],
    /--database says mysql, and --url is the address of postgres/,
  ],
])("an address that does not fit, %j, is refused, and nothing is written", async (argv, message) => {
  const project = scratchProject();
  const before = project.list();
  const { stderr, exitCode } = await project.hosted(["init", ...argv]);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(message);
  expect(project.list()).toEqual(before);
});

test("an address that cannot be written, because there is an .env already, is said", async () => {
  const project = scratchProject({ files: { ".env": "A=1\n" } });
  const { stderr } = await project.hosted(["init", "--url", "postgres://host/x"]);
  expect(stderr).toContain(".env was there already and is not changed: write the address into it as DATABASE_URL");
  expect(project.read(".env")).toBe("A=1\n");
});

test("packages that are missing are named with the project's package manager", async () => {
  const project = scratchProject({ files: { "pnpm-lock.yaml": "" } });
  fs.rmSync(project.path("node_modules/mysql2"));
  const { stderr } = await project.hosted(["init", "--database", "mysql", "--no-install"]);
  expect(stderr).toMatch(/^Next: pnpm add mysql2, then npx retort /);
});

test("on a terminal it asks which database, shows everything, and writes nothing on no", async () => {
  const project = scratchProject();
  const terminal = project.terminal(["init"]);
  await terminal.waitFor("Which database?");
  await terminal.waitFor("1–3");
  terminal.type("2\r");
  await terminal.waitFor("Write this? [y/N]");
  expect(terminal.screen().join("\n")).toContain('type: "postgres"');
  terminal.type("n\r");
  expect(await terminal.ended).toBe(0);
  expect(project.exists("ormconfig.js")).toBe(false);
});

test("a NestJS application gets a file that starts its module without listening", async () => {
  const project = scratchProject({
    packageJson: { dependencies: { "@nestjs/typeorm": "11", typeorm: "1" } },
    files: {
      "tsconfig.json": "{}",
      "src/main.ts": "const app = await NestFactory.create<Nest>(ShopModule, { cors: true });\nawait app.listen(3000);",
      "src/shop/shop.module.ts":
        "@Module({ imports: [TypeOrmModule.forRootAsync({ useFactory: () => ({}) })] })\nexport class ShopModule {}",
    },
  });
  const { stdout } = await project.hosted(["init"]);
  expect(stdout).toBe("created  src/data-source.ts\ncreated  src/migrations\n");
  const text = project.read("src/data-source.ts");
  expect(text).toContain('import { ShopModule } from "./shop/shop.module";');
  expect(text).toContain("NestFactory.createApplicationContext(ShopModule, ");
  expect(text).not.toContain("listen(");
});

describe("a NestJS application with several data sources", () => {
  const options = (module: string) => ({
    packageJson: { dependencies: { "@nestjs/typeorm": "11", typeorm: "1" } },
    files: {
      "tsconfig.json": "{}",
      "src/constants.ts": "export const AUDIT = 'audit-log';",
      "src/app.module.ts": module,
    },
  });

  test("gets a file with an export for each", async () => {
    const project = scratchProject(
      options(`@Module({ imports: [
        TypeOrmModule.forRoot({ name: AUDIT, type: "postgres", extra: { name: "not this" }, migrations: [] }),
        TypeOrmModule.forRootAsync({ useFactory: () => ({ name: "nor this" }) }),
        TypeOrmModule.forRootAsync({ name: "stock", inject: [Config], useFactory: (config: Config) => config.stock() }),
      ] }) export class AppModule {}`),
    );
    expect((await project.hosted(["init"])).stdout).toBe("created  src/data-source.ts\ncreated  src/migrations\n");
    expect(project.read("src/data-source.ts")).toMatchInlineSnapshot(`
     "import "reflect-metadata";
     import { NestFactory } from "@nestjs/core";
     import { getDataSourceToken } from "@nestjs/typeorm";
     import { DataSource } from "typeorm";
     import { AppModule } from "./app.module";

     /** The application, which is started without listening. */
     const start = () => NestFactory.createApplicationContext(AppModule, { logger: ["error"], abortOnError: false });
     let app: ReturnType<typeof start> | undefined;

     async function dataSource(name: string): Promise<DataSource> {
       return (await (app ??= start())).get<DataSource>(getDataSourceToken(name));
     }

     /** Its DataSources, which \`retort … --name NAME\` takes by the names of these exports. */
     export default async () => (await dataSource("default")).setOptions({ migrations: [__dirname + "/migrations/*{.ts,.js}"] });
     export const auditLog = async () => (await dataSource("audit-log"));
     export const stock = async () => (await dataSource("stock")).setOptions({ migrations: [__dirname + "/migrations/stock/*{.ts,.js}"] });
     "
    `);
  });

  test("is refused where a name is not known from the text", async () => {
    const project = scratchProject(
      options(
        `@Module({ imports: [TypeOrmModule.forRoot({ name: nameFor("x"), type: "postgres" })] }) export class AppModule {}`,
      ),
    );
    const { stderr, exitCode } = await project.hosted(["init"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(
      "src/app.module.ts: the name of a DataSource is no text, nor a constant that is one: nameFor",
    );
    expect(project.exists("src/data-source.ts")).toBe(false);
  });
});
