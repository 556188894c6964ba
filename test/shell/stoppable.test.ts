import { microblogProject, type ScratchProject } from "../helpers/project";
import type { Terminal } from "../helpers/terminal";

/*
 * Ctrl-C on SQLite, which runs its statements in the thread that would have to end them. The shell is the built one, at a terminal.
 */

let project: ScratchProject;
let terminal: Terminal;

/** A statement that never ends. */
const ENDLESS = "sql`with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n`";
/** One that takes seconds, and then ends. */
const LONG =
  "sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 6000000) select count(*) from n`";

beforeAll(async () => {
  project = microblogProject();
  expect(await project.retort(["migrate", "up"])).toMatchObject({ exitCode: 0 });
  terminal = project.terminal(["shell"], { columns: 150, rows: 30 });
  await terminal.waitForPrompt({ timeout: 60_000 });
}, 90_000);

test("shell 15: Ctrl-C ends a read of SQLite outside of a transaction, and the next one runs", async () => {
  terminal.type(ENDLESS);
  terminal.press("enter");
  await new Promise((resolve) => setTimeout(resolve, 700));
  const began = performance.now();
  const { cursorLine } = terminal;
  terminal.press("ctrl-c");
  await terminal.waitForPrompt({ after: cursorLine });
  expect(performance.now() - began).toBeLessThan(1_500);
  expect(terminal.text()).toContain("interrupted");
  expect(
    (
      await terminal.enter(
        "sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 9) select sum(i) s from n`",
      )
    ).join("\n"),
  ).toContain("45");
});

test("shell 15: of a read inside a transaction it is said after a second that it cannot be ended", async () => {
  // A file that is large enough for long tables.
  await terminal.enter(
    "db.session.execute('create table large as select zeroblob(17000000) as b'); db.session.commit()",
  );
  await terminal.enter("db.session.begin()");
  const lines = await terminal.enter(LONG);
  expect(lines.join("\n")).toContain("Ctrl-C cannot end it");
  expect(lines.join("\n")).toContain("6000000");
  await terminal.enter("db.session.rollback()");
  expect((await terminal.enter("User.query.count()")).join("\n")).not.toContain("Ctrl-C");
}, 30_000);
