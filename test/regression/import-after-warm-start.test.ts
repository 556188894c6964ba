import { microblogProject } from "../helpers/project";

/** The second start takes its code out of the cache, and code out of a cache could not `import()` on Node 20. */
test("import works at every start, not only at the first", async () => {
  const project = microblogProject({
    files: {
      "waits.mjs": `export const path = await import("node:path").then((module) => module.join("a", "b"));`,
      "run.mjs": `import { path } from "./waits.mjs"; console.log(path);`,
    },
  });
  const works = { stdout: "a/b\n", stderr: "", exitCode: 0 };
  for (let start = 1; start <= 2; start++) {
    const code = `import path from "node:path"; print(path.join("a", "b"))`;
    expect([start, await project.retort(["shell", "-e", code])]).toMatchObject([start, works]);
    expect([start, await project.retort(["shell"], { stdin: code })]).toMatchObject([start, works]);
    expect([start, await project.retort(["run", "run.mjs"])]).toMatchObject([start, works]);
  }
});
