import type { DotCommand } from "./command";
import { notHere } from "../errors";

export const diff: DotCommand = {
  name: "diff",
  summary: "",
  run() {
    throw notHere("not built yet", ".help");
  },
};
