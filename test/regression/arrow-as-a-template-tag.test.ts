import { openRepl } from "../helpers/repl";

test("a function in parentheses may be the tag of a template", async () => {
  const opened = await openRepl();
  expect(await opened.type("((texts, n) => texts.join('-') + n)`a${1 + 1}b`")).toEqual(["'a-b2'"]);
  await opened.close();
});
