import type { DotCommand } from "./command";
import { notHere } from "../errors";

export const load: DotCommand = {
  name: "load",
  summary: "",
  run() {
    throw notHere("not built yet", ".help");
  },
};
