import type { DotCommand } from "./command";
import { notHere } from "../errors";

export const save: DotCommand = {
  name: "save",
  summary: "",
  run() {
    throw notHere("not built yet", ".help");
  },
};
