import type { DotCommand } from "./command";
import { notHere } from "../errors";

export const reload: DotCommand = {
  name: "reload",
  summary: "",
  run() {
    throw notHere("not built yet", ".help");
  },
};
