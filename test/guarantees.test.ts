import { runNode } from "./helpers/command";

test("docs/guarantees.md names the tests that hold each behaviour, and only tests that exist", async () => {
  const result = await runNode(["scripts/guarantees.mjs", "--check"]);
  expect(result).toEqual({ stdout: "", stderr: "", exitCode: 0, signal: null });
});
