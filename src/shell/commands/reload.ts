import { restrict } from "../restrictions";
import { notHere } from "../errors";
import type { Repl } from "../repl";
import type { ShellModel } from "../world";
import { typeText } from "./schema";
import type { DotCommand } from "./command";

export const reload: DotCommand = {
  name: "reload",
  summary: "loads changed entity files, and says what changed",
  async run(_argument, sitting) {
    const { options } = sitting;
    if (!options.reload)
      throw notHere("the project cannot be loaded again here", "leave, and start retort shell again");
    if (sitting.unsaved > 0 || sitting.db.session.inTransaction) {
      throw notHere(
        "there are unsaved changes, of objects that reloading leaves behind",
        "db.session.commit() or db.session.rollback() first",
      );
    }
    const before = described(sitting);
    const { session } = sitting.db;
    const db = await options.reload();
    await restrict(db, sitting.restrictions);
    sitting.adopt(db);
    // Gives its connection back.
    await session.close();
    const changes = differences(before, described(sitting));
    sitting.note([
      ...(changes.length === 0 ? ["loaded again; no column and no relation has changed"] : changes),
      "objects that were loaded before are of the old classes; load them again",
      ...(sitting.restrictions.sandbox ? ["the sandbox begins anew: what was written in it is gone"] : []),
    ]);
  },
};

type Description = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Every entity's properties, each with what it is. */
function described(sitting: Repl): Description {
  return new Map(sitting.entityNames.map(({ name, model }) => [name, new Map(propertiesOf(model, sitting))]));
}

function propertiesOf(model: ShellModel, sitting: Repl): [string, string][] {
  const columns = model.columns.map((column): [string, string] => [
    column.property,
    `${typeText(column, sitting)}${column.metadata.isNullable ? ", nullable" : ""}`,
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
