import type { ShellSettings } from "../shell";
import type { ShellDatabase } from "../world";
import { Entities } from "./entities";
import { printWith } from "./print";
import { Printer } from "./printer";
import { Secrets } from "./secrets";
import { theme, wantsColours } from "./theme";

/** Columns of a table where there is no terminal. */
const WIDTH = 120;

/** Makes `print()` of a file that is run write values as the prompt does: secrets hidden, entities by their own words. */
export function printAtPrompt(
  db: ShellDatabase,
  settings: ShellSettings | undefined,
  output: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number },
  env: NodeJS.ProcessEnv,
): void {
  const printer = new Printer({
    db,
    entities: new Entities(db.models),
    secrets: new Secrets(settings?.secrets),
    theme: theme(wantsColours(output, env)),
    width: () => output.columns ?? WIDTH,
    limit: () => Number.MAX_SAFE_INTEGER,
  });
  printWith((values) => void output.write(`${values.map((value) => printer.text(value)).join(" ")}\n`));
}
