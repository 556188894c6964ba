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

function count(...reports: readonly (object | undefined)[]) {
  const project = scratchProject();
  const files = reports.map((changes, index) => {
    const name = `run-${index + 1}.json`;
    if (changes) project.write(name, JSON.stringify({ ...report, ...changes }));
    return project.path(name);
  });
  return runNode(["scripts/count.mjs", ...files]);
}

test.each([
  ["all passed", {}, "run-1: 12 passed, 0 failed\n12 passed, 0 failed\n", 0],
  [
    "some were skipped",
    { numPendingTests: 2, numTodoTests: 1 },
    "run-1: 12 passed, 0 failed, 3 skipped\n12 passed, 0 failed\n",
    0,
  ],
  ["some failed", { success: false, numFailedTests: 2 }, "run-1: 12 passed, 2 failed\n12 passed, 2 failed\n", 1],
  [
    "a suite did not load",
    { success: false, numRuntimeErrorTestSuites: 1 },
    "run-1: 12 passed, 1 failed\n12 passed, 1 failed\n",
    1,
  ],
  ["jest itself says that it failed", { success: false }, "run-1: 12 passed, 1 failed\n12 passed, 1 failed\n", 1],
])("the last line of continuous integration: %s", async (_, changes, stdout, exitCode) => {
  expect(await count(changes)).toMatchObject({ stdout, exitCode });
});

test("the last line of continuous integration: several runs are added up", async () => {
  const { stdout, exitCode } = await count({}, { success: false, numFailedTests: 1, numPassedTests: 5 }, {});
  expect(stdout).toMatch(/^29 passed, 1 failed\n$/m);
  expect(stdout.trimEnd().split("\n")).toHaveLength(4);
  expect(exitCode).toBe(1);
});

test("the last line of continuous integration: there is no report", async () => {
  const missing = await count({}, undefined);
  expect(missing.stdout).toBe("run-1: 12 passed, 0 failed\nrun-2: 0 passed, 1 failed\n12 passed, 1 failed\n");
  expect(missing.stderr).toMatch(/no report .*run-2\.json/);
  expect(missing.exitCode).toBe(1);
  expect(await count()).toMatchObject({ stdout: "0 passed, 0 failed\n", exitCode: 1 });
});
