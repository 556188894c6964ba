import { TOPICS } from "../../src/shell/commands/topics";
import { microblogProject } from "../helpers/project";
import { openRepl, type TestRepl } from "../helpers/repl";

let opened: TestRepl;
beforeAll(async () => {
  opened = await openRepl();
});
afterAll(() => opened.close());

const oneLine = (lines: readonly string[]): string => lines.join(" ").replace(/\s+/g, " ");

test("shell 18: .help lists the topics, and each prints what to type", async () => {
  expect(oneLine(await opened.type(".help"))).toContain(TOPICS.map(({ name }) => name).join(", "));
  for (const { name, title, examples } of TOPICS) {
    const text = oneLine(await opened.type(`.help ${name}`));
    for (const part of [title, ...examples.flat()]) expect(text).toContain(part);
  }
});

test.each([
  [".help filtering", "Entity.c"],
  [".help sessions", "db.session.commit()"],
  [".help joins", "joined"],
])("shell 18: %s, another word for a topic, is known", async (input, text) => {
  expect((await opened.type(input)).join("\n")).toContain(text);
});

test("shell 18: every example of every topic runs as it stands", async () => {
  const project = microblogProject();
  project.write("FILE", "print(User.query.count())\n");
  expect((await project.retort(["migrate", "up"])).exitCode).toBe(0);
  const susan = "db.session.add(User(username='susan', email='susan@example.com')); db.session.commit()";
  const examples = TOPICS.flatMap((topic) => topic.examples.map(([code]) => code));
  const { exitCode, stderr } = await project.retort(["shell"], { stdin: [susan, ...examples, ""].join("\n") });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.not.stringMatching(/Error|→/) });
});
