import { groupBy } from "../../groups";
import { pluralize } from "../../text";
import { cut } from "../print/width";
import type { Repl } from "../repl";
import { hostOf } from "../restrictions";
import { databaseName } from "./text";

/** One or two lines: where one is, what is at hand, what has to be known. */
export async function greeting(sitting: Repl): Promise<string[]> {
  const { theme, width, db } = sitting;
  const { options } = db.dataSource;
  const { host } = hostOf(options);
  const where = `${databaseName(options)} (${options.type}${host ? ` on ${host}` : ""})`;
  const names = sitting.entityNames.map(({ name }) => name);
  const first = `${theme.strong(where)}  ${theme.quiet(cut(`${names.join(", ")}  ·  .help`, Math.max(10, width - where.length - 3)))}`;
  return [first, ...restrictions(sitting), ...twins(sitting), ...(await pending(sitting))];
}

function restrictions({ restrictions: { sandbox, readOnly }, theme, db }: Repl): string[] {
  const host = hostOf(db.dataSource.options).host ?? "";
  return [
    ...(readOnly === "guarded"
      ? [theme.warning(`read-only, since ${host} is not close by; retort shell --write may change it`)]
      : []),
    ...(readOnly === "asked" ? [theme.warning("read-only: the database refuses every change")] : []),
    ...(sandbox ? [theme.warning("sandbox: everything is rolled back at the end, commits included")] : []),
  ];
}

/** Entities of one name are told apart, and that is said. */
function twins({ entityNames, theme }: Repl): string[] {
  const shared = entityNames.filter(({ name, model }) => name !== model.name && name.endsWith(`_${model.name}`));
  return [...groupBy(shared, ({ model }) => model.name)].map(([name, ofName]) =>
    theme.warning(`There are ${ofName.length} entities ${name}: ${ofName.map((one) => one.name).join(", ")}`),
  );
}

async function pending({ options, theme }: Repl): Promise<string[]> {
  const count = (await options.migrate?.pending().catch(() => 0)) ?? 0;
  if (count === 0) return [];
  return [theme.warning(`${pluralize(count, "migration is", "migrations are")} pending; .migrate up`)];
}
