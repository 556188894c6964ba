import { notHere } from "../errors";
import type { DotCommand } from "./command";

export const editor: DotCommand = {
  name: "editor",
  summary: "several lines before anything runs; Ctrl-D runs them",
  run(_argument, shell) {
    if (!shell.terminal) throw notHere(".editor needs a terminal", "type the lines; a statement may have several");
    shell.terminal.compose();
  },
};
