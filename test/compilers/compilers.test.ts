import fs from "node:fs";
import path from "node:path";
import ts from "typescript";
import { scratchProject, type ScratchProject } from "../helpers/project";
import { repository } from "../helpers/repository";
import { application, diagnosticsOf, everyWay } from "../helpers/typed-project";

const COMPILERS: Readonly<Record<string, typeof ts>> = {
  "5.0": require("typescript-5.0") as typeof ts,
  "5.9": require("typescript-5.9") as typeof ts,
  "6.0": ts,
};

/** Every public name, whether a value or a type. */
const NAMES = [...fs.readFileSync(path.join(repository, "src/index.ts"), "utf8").matchAll(/\{([^}]+)\}/g)].flatMap(
  ([, names]) => names!.split(",").flatMap((name) => name.trim().replace(/^type /, "") || []),
);

const publicNames = `
export type { ${NAMES.join(", ")} } from "typeorm-retort";
import { connect, Session, type Collection, type Query, type SessionOptions } from "typeorm-retort";
import dataSource from "./data-source.js";
import { User } from "./entities.js";

const options: SessionOptions = { autoflush: true };
export const session: Session = new Session(dataSource, options);
export const users: Query<User> = session.query(User);
export const all: Promise<User[]> = users.filterBy({ name: "susan" }).orderBy("name").limit(1).all();
export const names: Promise<{ name: string }[]> = users.select("name").all();
export const susan: User = session.create(User, { name: "susan" });
export const db = await connect(dataSource);
export const counted: Promise<number> = db.query(User).count();
export function first<T extends object>(list: Collection<T>): Promise<T | null> { return list.query.first(); }
// @ts-expect-error -- no such property
users.filterBy({ nmae: "susan" });
// @ts-expect-error -- no such option
new Session(dataSource, { autoflsh: true });
`;

describe.each(["typeorm", "typeorm-0.3"])("%s", (typeorm) => {
  let project: ScratchProject;

  beforeAll(async () => {
    project = scratchProject({
      files: { ...everyWay, "src/app.ts": application, "src/names.ts": publicNames },
      packageJson: { type: "module" },
    });
    useTypeorm(project, typeorm);
    copyDeclarations(project);
    expect(await project.retort(["types"])).toMatchObject({ stdout: "created  src/retort.d.ts\n", exitCode: 0 });
  });

  test.each(Object.keys(COMPILERS))("retort.d.ts and every public name compile under TypeScript %s, strict", (name) => {
    const compiler = COMPILERS[name]!;
    expect(compiler.version.startsWith(`${name}.`)).toBe(true);
    expect(diagnosticsOf(project, compiler, /typeorm-retort\/dist\//)).toEqual([]);
  });
});

function useTypeorm(project: ScratchProject, name: string): void {
  fs.rmSync(project.path("node_modules/typeorm"));
  fs.symlinkSync(path.join(repository, "node_modules", name), project.path("node_modules/typeorm"), "junction");
}

/** A link would lead to this checkout, and to its TypeORM. */
function copyDeclarations(project: ScratchProject): void {
  const target = project.path("node_modules/typeorm-retort");
  fs.rmSync(target);
  fs.cpSync(path.join(repository, "dist"), path.join(target, "dist"), {
    recursive: true,
    filter: (file) => file.endsWith(".d.ts") || fs.statSync(file).isDirectory(),
  });
  fs.copyFileSync(path.join(repository, "package.json"), path.join(target, "package.json"));
}
