import fs from "node:fs";
import { runNode } from "../helpers/command";
import { scratchProject } from "../helpers/project";

const report = {
  success: true,
  numPassedTests: 12,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
};

test.each([
  ["all passed", {}, "12 passed, 0 failed\n", 0],
  ["some were skipped", { numPendingTests: 2, numTodoTests: 1 }, "12 passed, 0 failed, 3 skipped\n", 0],
  ["some failed", { success: false, numFailedTests: 2 }, "12 passed, 2 failed\n", 1],
  ["a suite did not load", { success: false, numRuntimeErrorTestSuites: 1 }, "12 passed, 1 failed\n", 1],
  ["jest itself says that it failed", { success: false }, "12 passed, 0 failed\n", 1],
])("the last line of continuous integration: %s", async (_, changes, stdout, exitCode) => {
  const project = scratchProject({ files: { "jest.json": JSON.stringify({ ...report, ...changes }) } });
  expect(await runNode(["scripts/count.mjs", project.path("jest.json")])).toMatchObject({ stdout, exitCode });
});

test("the last line of continuous integration: there is no report", async () => {
  const missing = scratchProject().path("jest.json");
  expect(fs.existsSync(missing)).toBe(false);
  const result = await runNode(["scripts/count.mjs", missing]);
  expect(result).toMatchObject({ stdout: "0 passed, 1 failed\n", exitCode: 1 });
  expect(result.stderr).toMatch(/no report/);
});
