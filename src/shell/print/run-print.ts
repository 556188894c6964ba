import { columnsOf } from "../../terminal/size";
import type { Database } from "../../session/database";
import { styleFor } from "../../terminal/style";
import type { ShellSettings } from "../options";
import { Entities } from "./entities";
import { printTo, redirectPrint } from "./print";
import { Printer } from "./printer";
import { Secrets } from "./secrets";

/** Columns of a table where the output is not a terminal. */
const WIDTH = 120;

/** Makes `print()` in a file of `retort run` format values as the prompt does. */
export function redirectRunPrint(
  db: Database,
  settings: ShellSettings | undefined,
  output: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number },
  env: NodeJS.ProcessEnv,
): void {
  const printer = new Printer({
    db,
    entities: new Entities(db.models),
    secrets: new Secrets(settings?.secrets),
    style: styleFor(output, env),
    width: () => columnsOf(output, WIDTH),
    limit: () => Number.MAX_SAFE_INTEGER,
  });
  redirectPrint((values) => printTo(output, output.isTTY === true, printer, values));
}
