const { existsSync, readdirSync, readFileSync } = require("node:fs");
const path = require("node:path");

/**
 * Modules that are loaded when they are first needed: `require("./up") as typeof import("./up")`. Knip does not see which
 * of their exports are used, so they count as entries.
 */
function loadedLate() {
  const sources = readdirSync("src", { recursive: true }).filter((name) => name.endsWith(".ts"));
  const modules = sources.flatMap((name) => {
    const text = readFileSync(path.join("src", name), "utf8");
    const required = [...text.matchAll(/\brequire\("(\.[^"]+)"\)/g)].map(([, module]) => module);
    return required.map((module) => path.posix.join("src", path.dirname(name), `${module}.ts`));
  });
  return [...new Set(modules)].filter((file) => existsSync(file)); // a docstring may show one that is not there
}

module.exports = {
  entry: [
    "src/index.ts",
    "src/cli/{process,code-cache,quick-start}.ts", // bin/retort.js requires what they are built to
    ...loadedLate(),
    "src/shell/rewrite/deep-thread.ts", // a thread runs it
    "src/dialect/sqlite/{busy-thread,read-process}.ts", // likewise, and a process
    "ormconfig.ts",
    "migrations/*.ts",
    "test/**/*.test.ts",
    "test/types.ts",
    "test/helpers/global-*.ts",
    "test/projects/*.ts", // loaded by their names
    "scripts/*.mjs",
    "bench/*.mjs",
    "bench/server/serve.mjs", // a process of its own
    "bench/{session/{cold-run,stream},long/work}.mjs", // likewise
    "examples/server/main.ts",
  ],
  project: [
    "src/**/*.ts",
    "test/**/*.ts",
    "!test/projects/*/**",
    "test/lab/*.mjs",
    "examples/**/*.ts",
    "bin/*.js",
    "scripts/**",
    "bench/*.mjs",
    "bench/{long,server,session,start}/*.mjs",
  ],
  // Of what the examples are compiled to.
  ignoreUnresolved: ["../microblog", "./server"],
  ignoreExportsUsedInFile: true,
  // TypeORM's own matcher of globs, reached through TypeORM; and what `npm run test:typeorm-0.3` puts in its place.
  ignoreDependencies: ["tinyglobby", "typeorm-0.3"],
};
