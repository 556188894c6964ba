import { escapeText } from "../../terminal/escaped-text";
import { restrict, restrictionsAfter } from "../restrictions";
import { notHere } from "../errors";
import type { ShellContext } from "../context";
import type { EntityModel } from "../../metadata/model";
import { typeText } from "./schema";
import type { DotCommand } from "./command";

export const reload: DotCommand = {
  name: "reload",
  summary: "loads changed entity files and prints what changed",
  async run(_argument, shell) {
    const { options } = shell;
    if (!options.reload) throw notHere("the project cannot be reloaded here", "leave, and start retort shell again");
    if (shell.unsaved > 0 || shell.db.session.inTransaction) {
      throw notHere(
        "there are unsaved changes, which reloading would lose",
        "db.session.commit() or db.session.rollback() first",
      );
    }
    const before = describe(shell);
    const { session } = shell.db;
    const db = await options.reload();
    // The configuration may name another host now.
    const restrictions = restrictionsAfter(shell.restrictions, { ...options, db });
    await restrict(db, restrictions);
    shell.useDatabase(db, restrictions, await options.namesOf?.(db));
    // Releases its connection.
    await session.close();
    const changes = differences(before, describe(shell));
    const lines = [
      ...(changes.length === 0 ? ["reloaded; no column and no relation has changed"] : changes),
      "objects that were loaded before belong to the old classes; load them again",
      ...(shell.restrictions.sandbox ? ["the sandbox was rolled back"] : []),
    ];
    shell.output.note(lines.map(escapeText));
  },
};

type Description = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** The properties of every entity, with their types. */
function describe(shell: ShellContext): Description {
  return new Map(shell.names.entities.map(({ name, model }) => [name, new Map(propertiesOf(model, shell))]));
}

function propertiesOf(model: EntityModel, shell: ShellContext): [string, string][] {
  const columns = model.columns.map((column): [string, string] => [
    column.property,
    `${typeText(column, shell)}${column.metadata.isNullable ? ", nullable" : ""}`,
  ]);
  const relations = model.relations.map((relation): [string, string] => [
    relation.property,
    `${relation.toMany ? "many" : "one"} ${relation.target.name}`,
  ]);
  return [...columns, ...relations];
}

function differences(before: Description, after: Description): string[] {
  const added = [...after.keys()].filter((name) => !before.has(name)).map((name) => `+ ${name}`);
  const removed = [...before.keys()].filter((name) => !after.has(name)).map((name) => `- ${name}`);
  const changed = [...after].flatMap(([name, properties]) => {
    const old = before.get(name);
    return old ? changesOf(name, old, properties) : [];
  });
  return [...added, ...removed, ...changed];
}

function changesOf(name: string, before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const added = [...after]
    .filter(([property]) => !before.has(property))
    .map(([property, what]) => `+ ${name}.${property}  ${what}`);
  const removed = [...before.keys()]
    .filter((property) => !after.has(property))
    .map((property) => `- ${name}.${property}`);
  const changed = [...after]
    .filter(([property, what]) => before.has(property) && before.get(property) !== what)
    .map(([property, what]) => `~ ${name}.${property}  ${before.get(property)} → ${what}`);
  return [...added, ...removed, ...changed];
}
