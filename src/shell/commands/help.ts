import { ansi, EMPTY, escapeLine, type EscapedText } from "../../terminal/escaped-text";
import { wrap } from "../../terminal/width";
import type { ShellContext } from "../context";
import { unknownDotCommand } from "../errors";
import { drawPairs } from "../print/table";
import type { DotCommand } from "./command";
import { topicNamed, TOPICS, type HelpTopic } from "./topics";

/** `.help`; it is part of the table of commands that it prints. */
export const helpOn = (table: () => readonly DotCommand[]): DotCommand => ({
  name: "help",
  takes: "[name|topic]",
  summary: "this list, or help on a command, a name or a topic",
  completions: (shell) => [...new Set([...table(), ...TOPICS, ...shell.names.entities].map(({ name }) => name))],
  run(argument, shell) {
    if (argument === "") return shell.output.printText(overview(table(), shell));
    const commands = table();
    const name = argument.replace(/^\./, "");
    const command = commands.find((candidate) => candidate.name === name);
    const lines = command ? aboutCommand(command, shell) : [];
    if (argument.startsWith(".") && !command)
      throw unknownDotCommand(
        name,
        commands.map((candidate) => candidate.name),
      );
    if (!argument.startsWith(".")) {
      const { explanation, noHelp } = require("./explanation") as typeof import("./explanation");
      lines.unshift(...explanation(argument, shell));
      const topic = topicNamed(argument);
      // Another word for a topic may be the name of something else: `update`, `where`.
      if (topic && (topic.name === argument || lines.length === 0)) lines.push(...aboutTopic(topic, shell));
      if (lines.length === 0)
        throw noHelp(
          argument,
          shell,
          [...commands, ...TOPICS].map((candidate) => candidate.name),
        );
    }
    shell.output.printText(lines);
  },
});

const HINTS: readonly (readonly [name: string, text: string])[] = [
  [`.help ${TOPICS[0]!.name}`, `help on a topic: ${TOPICS.map(({ name }) => name).join(", ")}`],
  ["?User", "help on an entity, a method or a name"],
  ["User.query.all()", "nothing needs await"],
  ["User(username='susan')", "makes an object; db.session.add(u), db.session.commit() save it"],
  ["_", "the last value"],
  ["Tab  Ctrl-R  Ctrl-C  Ctrl-D", "complete, search the history, stop, leave"],
];

function overview(commands: readonly DotCommand[], shell: ShellContext): EscapedText[] {
  const all = commands.map((command) => [usageOf(command), command.summary] as const);
  return [...pairs(all, shell), EMPTY, ...pairs(HINTS, shell)];
}

function pairs(texts: readonly (readonly [name: string, text: string])[], { output }: ShellContext): EscapedText[] {
  return drawPairs(
    texts.map(([name, text]) => ({ name: escapeLine(name), text: escapeLine(text) })),
    output.style,
    ansi`  `,
    output.width,
  );
}

function usageOf({ name, takes }: DotCommand): string {
  return `.${name}${takes ? ` ${takes}` : ""}`;
}

function aboutCommand(command: DotCommand, { output: { style } }: ShellContext): EscapedText[] {
  return [
    ansi`${style.accent(escapeLine(usageOf(command)))}  ${escapeLine(command.summary)}`,
    ...(command.details ?? []).map((line) => escapeLine(`  ${line}`)),
  ];
}

function aboutTopic({ title, examples }: HelpTopic, shell: ShellContext): EscapedText[] {
  return [...wrap(escapeLine(title), shell.output.width).map(shell.output.style.bold), ...pairs(examples, shell)];
}
