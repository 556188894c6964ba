import { pluralize } from "../../text";
import { groupBy } from "../../groups";
import { ansi, escapeLine, type EscapedText } from "../../terminal/escaped-text";
import { cut, widthOf } from "../../terminal/width";
import type { ShellContext } from "../context";
import { hostOf } from "../restrictions";
import { databaseName } from "./prompt-text";

/** The lines at the start: the database, the entities, restrictions, and what needs attention. */
export async function greeting(shell: ShellContext): Promise<EscapedText[]> {
  const { output } = shell;
  const { style, width } = output;
  const { dataSource } = shell.db;
  const { options } = dataSource;
  const host = hostOf(dataSource);
  const database = escapeLine(`${databaseName(options)} (${options.type}${host ? ` on ${host}` : ""})`);
  const entities = escapeLine(`${shell.names.entities.map(({ name }) => name).join(", ")}  ·  .help`);
  const first = ansi`${style.bold(database)}  ${style.dim(cut(entities, Math.max(10, width - widthOf(database) - 3)))}`;
  const warnings = [...restrictionTexts(shell), ...ambiguousNames(shell), ...(await pendingMigrations(shell))];
  return output.fitting([first, ...warnings.map((text) => style.warn(escapeLine(text)))]);
}

function restrictionTexts({ restrictions: { sandbox, readOnly }, db }: ShellContext): string[] {
  const host = hostOf(db.dataSource) ?? "the socket";
  return [
    ...(readOnly === "guarded" ? [`read-only, since ${host} is not local; retort shell --write allows changes`] : []),
    ...(readOnly === "asked" ? ["read-only: the database refuses every change"] : []),
    ...(sandbox ? ["sandbox: everything is rolled back at the end, commits included"] : []),
  ];
}

/** Entities of one name, which have other names at the prompt. */
function ambiguousNames({ names }: ShellContext): string[] {
  const shared = names.entities.filter(({ name, model }) => name !== model.name && name.endsWith(`_${model.name}`));
  return [...groupBy(shared, ({ model }) => model.name)].map(
    ([name, ofName]) => `There are ${ofName.length} entities ${name}: ${ofName.map((one) => one.name).join(", ")}`,
  );
}

async function pendingMigrations({ options }: ShellContext): Promise<string[]> {
  const count = (await options.migrate?.pending().catch(() => 0)) ?? 0;
  return count === 0 ? [] : [`${pluralize(count, "migration is", "migrations are")} pending; .migrate up`];
}
