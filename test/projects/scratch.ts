import fs from "node:fs";
import path from "node:path";
import { ownPackages, scratchProject, symlink, type ScratchProject } from "../helpers/project";
import { repository } from "../helpers/repository";
import type { MadeProject } from "./made-project";

/** A copy of a made project, with its packages. */
export function madeProject(name: string, { typeorm, without = [], layout }: MadeProject): ScratchProject {
  const packages = ownPackages();
  packages["typeorm"] = path.join(repository, "node_modules", typeorm === "1" ? "typeorm" : `typeorm-${typeorm}`);
  for (const one of without) delete packages[one];
  const folder = path.join(__dirname, name);
  if (layout !== "pnpm") return withWorkspaces(scratchProject({ folder, packages }));
  const project = scratchProject({ folder, packages: {} });
  installAsPnpm(project, packages);
  return withWorkspaces(project);
}

/** npm, yarn and pnpm link the packages of a workspace into its node_modules. */
function withWorkspaces(project: ScratchProject): ScratchProject {
  const { workspaces = [] } = JSON.parse(project.read("package.json")) as { workspaces?: string[] };
  for (const pattern of workspaces) {
    const parent = pattern.replace(/\/\*$/, "");
    for (const one of project.list(parent)) {
      const { name } = JSON.parse(project.read(`${parent}/${one}/package.json`)) as { name: string };
      symlink(project.path(parent, one), project.path("node_modules", name));
    }
  }
  return project;
}

/**
 * A store of packages, each with links to what it depends on beside it; the project sees those that it names. TypeORM is a copy, so that
 * it finds its drivers in the store only.
 */
function installAsPnpm(project: ScratchProject, packages: Readonly<Record<string, string>>): void {
  const { typeorm, ...others } = packages;
  const { version, dependencies } = JSON.parse(fs.readFileSync(path.join(typeorm!, "package.json"), "utf8")) as {
    version: string;
    dependencies: Record<string, string>;
  };
  const store = project.path(`node_modules/.pnpm/typeorm@${version}/node_modules`);
  const filter = (file: string) => !file.endsWith(".map") && path.relative(typeorm!, file) !== "browser";
  fs.cpSync(typeorm!, path.join(store, "typeorm"), { recursive: true, filter });
  for (const name of new Set([...Object.keys(dependencies), "better-sqlite3", "reflect-metadata"]))
    if (!fs.existsSync(path.join(typeorm!, "node_modules", name)))
      symlink(path.join(repository, "node_modules", name), path.join(store, name));
  for (const [name, target] of Object.entries(others)) symlink(target, project.path("node_modules", name));
  symlink(path.join(store, "typeorm"), project.path("node_modules/typeorm"));
}
