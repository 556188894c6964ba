import { runCommand } from "../../src/shell/commands/commands";
import { microblogProject } from "../helpers/project";
import { openRepl, type TestRepl } from "../helpers/repl";

const SCRIPT = `u = User(username='susan', email='susan@example.com')
db.session.add(u, User({ username: 'john', email: 'john@example.com' }))
db.session.add(Post(body='one', author=u), new Post({ body: 'two', author: u }))
db.session.commit()
db.session.expireAll()
const users = User.query.orderBy('id').all()
const users = User.query.orderBy(User.c.username.desc()).all()
users.length
User.query.get(1).username
User.query.filterBy(username='susan').first().posts.length
u.posts.count()
for (x of User.query) print(x.username, x.posts.length)
for (const p of u.posts) print(p.body, p.author.username)
users.filter(x => x.posts.length > 1).map(x => x.username)
users.map(x => x.posts.count());
[...users].sort((a, b) => a.posts.length - b.posts.length).map(x => x.username)
function busiest(least = 1) { return User.query.all().find(x => x.posts.length > least) }
function busiest() { return User.query.all().find(x => x.posts.length === 2) }
busiest().username
const named = id => User.query.get(id)?.username;
\`\${named(1)} \${named(2)} \${named(99)}\`
const { username, posts } = User.query.get(1)
username + posts.length
n = 0; while (n < User.query.count()) n++; n
let total: number = 0
for (const x of User.query.all()) { if (x.posts.length === 0) continue; total += x.posts.length }
total
1 + 1
_ * 2
if (User.query.count() > 1) print('many'); else print('few')
try { User.query.getOrFail(99) } catch (error) { print('none') }
import { basename } from 'node:path'
basename('/a/b')
nothing.here
`;

test("a saved script prints in retort run what it printed at the prompt", async () => {
  const project = microblogProject();
  expect(await project.retort(["migrate", "up"])).toMatchObject({ exitCode: 0 });
  const typed = await project.retort(["shell", "--sandbox"], {
    stdin: `${SCRIPT.replace("nothing.here\n", "")}.save seed\n`,
  });
  expect(typed.stderr).toMatch(/^\d+ inputs written to seed\.ts; run them with retort run seed\.ts\n$/);

  const saved = project.read("seed.ts");
  expect(saved).toContain("let u = db.create(User, { username: 'susan', email: 'susan@example.com' });");
  expect(saved).toContain("await db.session.commit();");
  expect(saved).toContain("print((await User.query.get(1)).username)".replace("print((", "print((_ = ("));
  expect(saved).toContain("for await (x of User.query) print(x.username, (await x.posts).length)");
  const run = await project.retort(["run", "seed.ts"]);
  expect(run.stderr).toBe("");
  const lines = (text: string) => text.trimEnd().split("\n");
  expect(run.exitCode).toBe(0);
  expect(lines(run.stdout).map(bare)).toEqual(lines(typed.stdout).map(bare));
});

/** print() writes a text as it is, the prompt shows it as a text. */
function bare(line: string): string {
  return line.replace(/'/g, "");
}

describe("what .save writes", () => {
  let opened: TestRepl;
  beforeEach(async () => (opened = await openRepl()));
  afterEach(() => opened.close());

  test("nothing that failed, and nothing where nothing was typed", async () => {
    expect(await runCommand(".save /tmp/never.ts", opened.repl)).toBe(false);
    expect(opened.output()).toContain("no input has succeeded yet");
    await opened.repl.run("null.x");
    expect(opened.repl.inputs).toEqual([]);
  });
});
