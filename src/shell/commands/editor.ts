import { notHere } from "../errors";
import type { DotCommand } from "./command";

export const editor: DotCommand = {
  name: "editor",
  summary: "several lines before anything runs; Ctrl-D runs them",
  run(_argument, sitting) {
    if (!sitting.compose)
      throw notHere(".editor needs a terminal", "type the lines; a statement goes on until it is whole");
    sitting.compose();
  },
};
