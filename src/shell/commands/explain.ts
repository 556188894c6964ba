import type { DotCommand } from "./command";
import { notHere } from "../errors";

export const explain: DotCommand = {
  name: "explain",
  summary: "",
  run() {
    throw notHere("not built yet", ".help");
  },
};
