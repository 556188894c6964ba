import type { DotCommand } from "./command";
import { notHere } from "../errors";

export const editor: DotCommand = {
  name: "editor",
  summary: "",
  run() {
    throw notHere("not built yet", ".help");
  },
};
