import type { DotCommand } from "./command";
import { notHere } from "../errors";

export const history: DotCommand = {
  name: "history",
  summary: "",
  run() {
    throw notHere("not built yet", ".help");
  },
};
