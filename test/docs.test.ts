import fs from "node:fs";
import path from "node:path";
import * as typeorm from "typeorm";
import ts from "typescript";
import * as retort from "../src";
import { Post, User } from "../examples/microblog";
import { database } from "./helpers/databases";
import { repository } from "./helpers/repository";

/** The examples of a page, one behind the other, as one program. */
function examplesOf(page: string): string {
  const text = fs.readFileSync(path.join(repository, "docs", page), "utf8");
  return [...text.matchAll(/^```ts\n([^]*?)^```/gm)].map(([, code]) => code).join("\n");
}

/** Runs a program that has the names of both libraries, and the demo's entities. */
async function run(code: string, names: object): Promise<void> {
  const scope = { ...typeorm, ...retort, User, Post, ...names };
  const { outputText } = ts.transpileModule(`async function page() {\n${code}\n}`, {
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  });
  const make = new Function(...Object.keys(scope), `${outputText}\nreturn page;`) as (
    ...values: unknown[]
  ) => () => Promise<void>;
  await make(...Object.values(scope))();
}

async function demo(): Promise<typeorm.DataSource> {
  const { options } = await database("sqlite").create();
  return new typeorm.DataSource({
    ...options,
    entities: [User, Post],
    synchronize: true,
  } as typeorm.DataSourceOptions).initialize();
}

test("docs/query.md: every example runs", async () => {
  const dataSource = await demo();
  const db = await retort.connect(dataSource);
  const susan = db.create(User, { username: "susan", email: "susan@example.com" });
  db.session.add(
    db.create(Post, { body: "my first post!", author: susan }),
    db.create(Post, { body: "draft", author: susan }),
  );
  await db.session.commit();
  const code = examplesOf("query.md");
  expect(code.split("\n").length).toBeGreaterThan(60);
  await run(code, { db, session: db.session });
  expect(await db.query(Post).filterBy({ body: "DRAFT" }).count()).toBe(1);
  await db.close();
  await dataSource.destroy();
});

test("docs/session.md: every example runs", async () => {
  const dataSource = await demo();
  const code = examplesOf("session.md");
  expect(code.split("\n").length).toBeGreaterThan(25);
  await run(code, { dataSource });
  expect(await dataSource.getRepository(User).find()).toMatchObject([
    { username: "Susan", email: "susan@example.org" },
  ]);
  expect(await dataSource.getRepository(Post).count()).toBe(0);
  await dataSource.destroy();
});

/** The names that a page's examples have, as an application would have them after `retort types`. */
function compiled(page: string, declared: string): string {
  return `
import { Like, Not, In, type DataSource } from "typeorm";
import * as retort from "../src";
import { User as UserClass, Post as PostClass } from "../examples/microblog";
const { connect, collection, exists, func, joined, not, or, raise, selectin, sql, when } = retort;
declare const User: typeof UserClass & { query: retort.Query<UserClass>; c: retort.Columns<UserClass> };
declare const Post: typeof PostClass & { query: retort.Query<PostClass>; c: retort.Columns<PostClass> };
${declared}
export async function page() {
${examplesOf(page)}
}`;
}

test("docs/query.md and docs/session.md: every example compiles", () => {
  const pages = new Map([
    [path.join(repository, "test/query-page.ts"), compiled("query.md", "declare const db: retort.Database;")],
    [path.join(repository, "test/session-page.ts"), compiled("session.md", "declare const dataSource: DataSource;")],
  ]);
  const { config } = ts.readConfigFile(path.join(repository, "tsconfig.json"), (name) => ts.sys.readFile(name));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, repository);
  const relaxed = { ...options, noUnusedLocals: false, incremental: false };
  const host = ts.createCompilerHost(relaxed);
  host.readFile = (name) => pages.get(path.resolve(name)) ?? ts.sys.readFile(name);
  host.fileExists = (name) => pages.has(path.resolve(name)) || ts.sys.fileExists(name);
  const program = ts.createProgram([...pages.keys()], relaxed, host);
  const complaints = [...pages].flatMap(([file, text]) => {
    const source = program.getSourceFile(file);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText, start }) =>
        `${ts.flattenDiagnosticMessageText(messageText, " ")}: ${text.slice(start, start! + 80)}`,
    );
  });
  expect(complaints).toEqual([]);
});
