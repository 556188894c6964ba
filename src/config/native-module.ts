import fs from "node:fs";
import path from "node:path";
import { moduleFormatOf, packageOf } from "./package";

/** Whether Node itself runs a file as an ES module: by its ending, by the `type` of its package, or, without one, by its syntax. */
export function isNativeModule(file: string): boolean {
  if (!/\.m?js$/.test(file)) return false;
  if (moduleFormatOf(file) === "esm") return true;
  return packageOf(path.dirname(file))?.json.type === undefined && !isScript(fs.readFileSync(file, "utf8"));
}

function isScript(text: string): boolean {
  const { parse } = require("acorn") as typeof import("acorn");
  try {
    parse(text, { ecmaVersion: "latest", sourceType: "script", allowReturnOutsideFunction: true, allowHashBang: true });
    return true;
  } catch {
    return false;
  }
}
