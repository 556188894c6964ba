import type { DotCommand } from "./command";
import { notHere } from "../errors";

export const sql: DotCommand = {
  name: "sql",
  summary: "",
  run() {
    throw notHere("not built yet", ".help");
  },
};
