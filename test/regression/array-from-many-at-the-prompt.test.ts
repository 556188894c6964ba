import { openRepl } from "../helpers/repl";

test("Array.from with a callback begins at once, however many there will be", async () => {
  const opened = await openRepl();
  const lines = await opened.type(
    "try { Array.from({ length: 1e9 }, (_, i) => { if (i === 3) throw 'enough'; return i }) } catch (e) { print(e) }",
  );
  expect(lines).toEqual(["enough"]);
  expect(await opened.type("Array.from(new Set('aab'), (c, i) => c + i).join()")).toEqual(["'a0,b1'"]);
  await opened.close();
});
