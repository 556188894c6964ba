import path from "node:path";
import ts from "typescript";
import { scratchProject, type ScratchProject } from "../helpers/project";
import { repository } from "../helpers/repository";
import { application, compilerOptions, diagnosticsOf, everyWay, id, imports } from "../helpers/typed-project";

test("one file gives every class its query and c, however it is exported; no database is asked", async () => {
  const project = scratchProject({
    files: { ...everyWay, "src/app.ts": application },
    packageJson: { type: "module" },
  });
  const { stdout, stderr, exitCode } = await project.retort(["types"]);
  expect(stdout).toBe("created  src/retort.d.ts\n");
  expect(stderr).toBe(
    "retort: Made is exported by no file as a class of its own: use db.query(Made)\n" +
      "retort: Tag is an EntitySchema: db.query(Tag) is typed already\n",
  );
  expect(exitCode).toBe(0);
  expect(diagnosticsOf(project)).toEqual([]);

  expect(await project.retort(["types"])).toMatchObject({ stdout: "kept  src/retort.d.ts\n", exitCode: 0 });
  expect(await project.retort(["types", "--check"])).toMatchObject({ stdout: "", stderr: "", exitCode: 0 });
  project.write("src/blog/post.ts", `${imports} @Entity("blog_post") export class Entry { ${id} }`);
  expect(await project.retort(["types", "--check"])).toMatchObject({
    stdout: "",
    stderr: expect.stringMatching(/src\/retort\.d\.ts does not match the entities\n.*retort types/),
    exitCode: 1,
  });
  expect(await project.retort(["types"])).toMatchObject({ stdout: "changed  src/retort.d.ts\n" });
});

test("in CommonJS, of compiled entities, into a file of one's own; with the names of retort run", async () => {
  const project = scratchProject({
    files: {
      "tsconfig.json": JSON.stringify(
        compilerOptions({
          module: "commonjs",
          moduleResolution: "node10",
          ignoreDeprecations: "6.0",
          rootDir: "src",
          outDir: "dist",
          typeRoots: [path.join(repository, "node_modules/@types")],
        }),
      ),
      "src/models/user.ts": `${imports} @Entity() export class User { ${id} @Column("varchar") name!: string; }`,
      "src/models/note.ts": `${imports} @Entity() class Note { ${id} @Column("varchar") text!: string; } export default Note;`,
      "ormconfig.js": `require("reflect-metadata"); const { DataSource } = require("typeorm");
module.exports = new DataSource({ type: "better-sqlite3", database: ":memory:", entities: ["dist/models/*.js"] });`,
      "src/script.ts": `import { Note as Own } from "./own";
export default async function seed(): Promise<void> {
  const user = db.create(User, { name: "susan" });
  const found: User[] = await User.query.filterBy({ name: Like("s%") }).filter(or(User.c.id.gt(1), not(User.c.name.eq("x")))).all();
  session.add(user);
  print(found, sql\`1\`, await Note.query.all(), await Own.query.count());
}`,
      "src/own.ts": `export { default as Note } from "./models/note";`,
    },
    packageJson: { retort: { types: { file: "src/types/entities.d.ts" } } },
  });
  compile(project, ["src/models/user.ts", "src/models/note.ts"]);
  const missing = await project.retort(["types", "--check", "--globals"]);
  expect(missing).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("there is no src/types/entities.d.ts"),
  });
  expect(await project.retort(["types", "--globals"])).toMatchObject({
    stdout: "created  src/types/entities.d.ts\n",
    stderr: "",
  });
  expect(project.read("src/types/entities.d.ts")).toContain(`declare module "../models/user.js"`);
  expect(diagnosticsOf(project)).toEqual([]);
  const elsewhere = await project.retort(["types", "elsewhere.d.ts"]);
  expect(elsewhere.stdout).toBe("created  elsewhere.d.ts\n");
  expect(elsewhere.stderr).toContain(`no "include" of tsconfig.json covers elsewhere.d.ts`);
});

/** As the project's build would. */
function compile(project: ScratchProject, files: readonly string[]): void {
  for (const file of files) {
    const { outputText } = ts.transpileModule(project.read(file), {
      compilerOptions: {
        module: ts.ModuleKind.CommonJS,
        target: ts.ScriptTarget.ES2022,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
      },
    });
    project.write(file.replace("src/", "dist/").replace(".ts", ".js"), outputText);
  }
}
