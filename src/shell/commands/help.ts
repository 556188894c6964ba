import { unknownDotCommand } from "../errors";
import { drawPairs } from "../print/table";
import type { Repl } from "../repl";
import type { DotCommand } from "./command";

/** `.help`, over the table it stands in itself. */
export const helpOn = (table: () => readonly DotCommand[]): DotCommand => ({
  name: "help",
  takes: "[command|name]",
  summary: "this list; or what a command or a name is",
  completions: (sitting) => [...table().map(({ name }) => name), ...sitting.entityNames.map(({ name }) => name)],
  run(argument, sitting) {
    if (argument === "") return sitting.write(overview(table(), sitting));
    const name = argument.replace(/^\./, "");
    const command = table().find((candidate) => candidate.name === name);
    if (command) return sitting.write(aboutCommand(command, sitting));
    if (argument.startsWith("."))
      throw unknownDotCommand(
        name,
        table().map((candidate) => candidate.name),
      );
    return explainName(argument, sitting);
  },
});

/** `?User`, `?User.query.filterBy`. */
async function explainName(name: string, sitting: Repl): Promise<boolean> {
  const { explanation } = require("./names") as typeof import("./names");
  sitting.write(explanation(name, sitting));
  return true;
}

function overview(commands: readonly DotCommand[], sitting: Repl): string[] {
  const { theme, width } = sitting;
  return [
    ...drawPairs(
      commands.map(({ name, takes, summary }) => ({ name: `.${name}${takes ? ` ${takes}` : ""}`, text: summary })),
      theme,
      "  ",
      width,
    ),
    "",
    ...drawPairs(
      [
        { name: "?User", text: "what an entity, a method or a name is" },
        { name: "User.query.all()", text: "nothing needs await" },
        { name: "User(username='susan')", text: "makes an object; db.session.add(u), db.session.commit() save it" },
        { name: "_", text: "the last value" },
        { name: "Tab  Ctrl-R  Ctrl-C  Ctrl-D", text: "complete, search the history, stop, leave" },
      ],
      theme,
      "  ",
      width,
    ),
  ];
}

function aboutCommand({ name, takes, summary, details }: DotCommand, { theme }: Repl): string[] {
  return [
    `${theme.name(`.${name}${takes ? ` ${takes}` : ""}`)}  ${summary}`,
    ...(details ?? []).map((line) => `  ${line}`),
  ];
}
