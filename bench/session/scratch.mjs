import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";

/** A folder for the compiled entities of the demo, and the databases that are measured on. A subclass has the database. */
export class Scratch {
  constructor(repository, folder = newFolder(repository)) {
    this.repository = repository;
    this.folder = folder;
    this.require = createRequire(path.join(folder, "index.js"));
    this.require("reflect-metadata");
    this.entities = this.require("./microblog");
  }

  /** The installed version of one of the repository's own packages. */
  version = (name) =>
    JSON.parse(readFileSync(path.join(this.repository, "node_modules", name, "package.json"), "utf8")).version;

  /** A DataSource of the demo's entities. @param place the database, as `run` hands it to a work */
  dataSource = (place, options) => {
    const { DataSource } = this.require("typeorm");
    return new DataSource({ ...this.connection(place), entities: Object.values(this.entities), ...options });
  };

  /** One work of one contestant, on a database that nobody has used before. */
  async run(contestant, work, rows) {
    const place = await this.prepare(work, rows);
    try {
      return await contestant[work](place, rows);
    } catch (error) {
      return { failed: String(error.message ?? error).split("\n")[0] };
    } finally {
      await this.discard(place);
    }
  }

  close() {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function newFolder(repository) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "retort-bench-"));
  symlinkSync(path.join(repository, "node_modules"), path.join(folder, "node_modules"), "junction");
  compile(repository, folder);
  return folder;
}

/** The demo's entities as JavaScript. */
function compile(repository, folder) {
  const typescript = createRequire(path.join(folder, "index.js"))("typescript");
  const { ScriptTarget, ModuleKind } = typescript;
  const compilerOptions = {
    ...{ target: ScriptTarget.ES2022, module: ModuleKind.CommonJS },
    ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
  };
  const [from, to] = [path.join(repository, "examples/microblog"), path.join(folder, "microblog")];
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    const { outputText } = typescript.transpileModule(readFileSync(path.join(from, name), "utf8"), { compilerOptions });
    writeFileSync(path.join(to, name.replace(/\.ts$/, ".js")), outputText);
  }
}
