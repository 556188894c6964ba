import type { DotCommand } from "./command";
import { notHere } from "../errors";

export const exportRows: DotCommand = {
  name: "export",
  summary: "",
  run() {
    throw notHere("not built yet", ".help");
  },
};
