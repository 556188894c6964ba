import { CompiledFiles } from "../../src/config/compiled-files";
import { scratchProject } from "../helpers/project";

const SLOW = "compiling the project's TypeScript files: this start is slow, the next one is not";

test("a start that compiles for long says so, once; one that compiles little, or nothing, does not", () => {
  const names = ["a.ts", "b.ts", "c.ts"];
  // Of this test alone, so that no cache has them.
  const text = (name: string) => `export const name: string = "${name} ${process.pid} ${Date.now()}";`;
  const project = scratchProject({ files: Object.fromEntries(names.map((name) => [name, text(name)])) });
  const start = (milliseconds: number): string[] => {
    const lines: string[] = [];
    const files = new CompiledFiles(project.root, (line) => lines.push(line));
    let now = 0;
    const clock = jest.spyOn(performance, "now").mockImplementation(() => (now += milliseconds));
    for (const name of names) files.compiled(project.path(name));
    clock.mockRestore();
    return lines;
  };
  expect(start(400)).toEqual([SLOW]);
  expect(start(400)).toEqual([]);
  for (const name of names) project.write(name, text(`other ${name}`));
  expect(start(10)).toEqual([]);
});
