import { cellText } from "../print/cell";
import { readPath } from "../print/entities";
import { shownColumns } from "../print/printer";
import { drawPairs } from "../print/table";
import { statementText } from "../sql/echo";
import type { Repl } from "../repl";
import type { ShellModel } from "../world";
import type { DotCommand } from "./command";

/** Objects of one kind of change that are shown one by one. */
const SHOWN = 20;

export const diff: DotCommand = {
  name: "diff",
  summary: "what a commit would do: the objects, before → after, and the SQL",
  async run(_argument, sitting) {
    const { session } = sitting.db;
    const { theme } = sitting;
    const groups: [string, readonly object[], (entity: object) => string[]][] = [
      [theme.good("+"), session.new, (entity) => inserted(entity, sitting)],
      [theme.warning("~"), session.dirty, (entity) => updated(entity, sitting)],
      [theme.bad("-"), session.deleted, () => []],
    ];
    const lines = groups.flatMap(([mark, entities, describe]) => [
      ...entities.slice(0, SHOWN).flatMap((entity) => [`${mark} ${titleOf(entity, sitting)}`, ...describe(entity)]),
      ...(entities.length > SHOWN ? [theme.quiet(`${mark} … ${entities.length - SHOWN} more`)] : []),
    ]);
    if (lines.length === 0 && !session.inTransaction) return sitting.note(["nothing would be written"]);
    sitting.write([...lines, ...summary(sitting), ...(await statements(sitting))]);
  },
};

function titleOf(entity: object, { entities, theme }: Repl): string {
  const model = entities.of(entity);
  if (!model) return cellText(entity, entities);
  return `${theme.strong(entities.label(entity, model))}  ${theme.quiet(model.metadata.tableName)}`;
}

function inserted(entity: object, sitting: Repl): string[] {
  const model = sitting.entities.of(entity);
  if (!model) return [];
  const pairs = shownColumns(model)
    .map(({ property }) => ({ name: property, value: readPath(entity, property) }))
    .filter(({ value }) => value !== undefined)
    .map(({ name, value }) => ({ name, text: shown(value, name, model, sitting) }));
  return drawPairs(pairs, sitting.theme, "    ");
}

function updated(entity: object, sitting: Repl): string[] {
  const model = sitting.entities.of(entity);
  const { theme } = sitting;
  const pairs = Object.entries(sitting.db.session.changes(entity)).map(([name, { before, after }]) => ({
    name,
    text: `${theme.bad(shown(before, name, model, sitting))} → ${theme.good(shown(after, name, model, sitting))}`,
  }));
  // What is left is a relation whose rows stand in a table between.
  return drawPairs(pairs, theme, "    ");
}

function shown(value: unknown, property: string, model: ShellModel | undefined, sitting: Repl): string {
  if (value === undefined) return "(not read)";
  return cellText(sitting.secrets.mask(value, property, model?.name), sitting.entities);
}

function summary({ db: { session }, theme }: Repl): string[] {
  const counts: [number, string][] = [
    [session.new.length, "inserted"],
    [session.dirty.length, "updated"],
    [session.deleted.length, "deleted"],
  ];
  const parts = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  const flushed = session.inTransaction ? "; what was flushed before is part of the commit too" : "";
  return [theme.quiet(`${parts.join(", ") || "nothing more"} by a commit${flushed}`)];
}

async function statements({ db: { session }, theme, secrets }: Repl): Promise<string[]> {
  const { statements: planned, steps } = await session.plan();
  const lines = planned
    .slice(0, SHOWN)
    .map(({ sql, parameters }) => `  ${statementText(sql, parameters, theme, secrets)}`);
  if (planned.length > SHOWN) lines.push(theme.quiet(`  … ${planned.length - SHOWN} more statements`));
  const waits = steps.flatMap((step) => step.waits);
  lines.push(...waits.slice(0, SHOWN).map(({ text }) => theme.quiet(`  ${text}`)));
  if (waits.length > SHOWN) lines.push(theme.quiet(`  … ${waits.length - SHOWN} more wait`));
  return lines;
}
