import { microblogProject } from "../helpers/project";

/*
 * Inputs that are nested too deeply for the stack of the main thread. The processes are of their own: the thread that compiles such
 * an input is loaded from the built package.
 */

const nested = (depth: number): string => `${"(".repeat(depth)}41+1${")".repeat(depth)}`;

test.each([
  ["1,000 parentheses", nested(1000), "42"],
  ["a sum of 4,000 terms", Array(4000).fill(1).join("+"), "4000"],
  ["2,000 chained calls", `({ x() { return this } })${".x()".repeat(2000)}.constructor.name`, "'Object'"],
  ["200 nested calls", `abs = Math.abs; ${"abs(".repeat(200)}-5${")".repeat(200)}`, "5"],
])("shell 19: %s", async (_what, input, printed) => {
  const { exitCode, stdout } = await microblogProject().retort(["shell"], { stdin: `${input}\n` });
  expect([exitCode, stdout]).toEqual([0, `${printed}\n`]);
});

test("shell 19: an input that JavaScript cannot nest is refused with its depth", async () => {
  const { exitCode, stderr } = await microblogProject().retort(["shell"], { stdin: `${nested(10_000)}\n` });
  expect([exitCode, stderr.split("\n")[0]]).toEqual([
    1,
    "SyntaxError: the input is nested 10000 levels deep, more than JavaScript can evaluate",
  ]);
});
