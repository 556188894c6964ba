import type { DotCommand } from "./command";
import { notHere } from "../errors";

export const migrate: DotCommand = {
  name: "migrate",
  summary: "",
  run() {
    throw notHere("not built yet", ".help");
  },
};
