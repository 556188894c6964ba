import type { EntityModel } from "../../metadata/model";
import { ansi, EMPTY, escapeLine, type EscapedText } from "../../terminal/escaped-text";
import type { ShellContext } from "../context";
import { cellText } from "../print/cell";
import { readPath } from "../print/entities";
import { shownColumns } from "../print/printer";
import { drawPairs } from "../print/table";
import { statementText } from "../sql/echo";
import type { DotCommand } from "./command";

/** Objects of one kind of change that are printed one by one. */
const MAX_SHOWN = 20;
const INDENT = ansi`    `;

export const diff: DotCommand = {
  name: "diff",
  summary: "what a commit would do: the objects, before → after, and the SQL",
  async run(_argument, shell) {
    const { output, db } = shell;
    const { session } = db;
    const { style } = output;
    const groups: [EscapedText, readonly object[], (entity: object) => EscapedText[]][] = [
      [style.good(ansi`+`), session.new, (entity) => inserted(entity, shell)],
      [style.warn(ansi`~`), session.dirty, (entity) => updated(entity, shell)],
      [style.bad(ansi`-`), session.deleted, () => []],
    ];
    const lines = groups.flatMap(([mark, entities, describe]) => [
      ...entities
        .slice(0, MAX_SHOWN)
        .flatMap((entity) => [ansi`${mark} ${titleOf(entity, shell)}`, ...describe(entity)]),
      ...(entities.length > MAX_SHOWN ? [style.dim(ansi`${mark} … ${entities.length - MAX_SHOWN} more`)] : []),
    ]);
    if (lines.length === 0 && !session.inTransaction) return output.message("nothing would be written");
    output.print([...lines, summary(shell), ...(await statements(shell))]);
  },
};

function titleOf(entity: object, { entities, output: { style } }: ShellContext): EscapedText {
  const model = entities.of(entity);
  if (!model) return cellText(entity, entities);
  const label = escapeLine(entities.label(entity, model));
  return ansi`${style.bold(label)}  ${style.dim(escapeLine(model.metadata.tableName))}`;
}

function inserted(entity: object, shell: ShellContext): EscapedText[] {
  const model = shell.entities.of(entity);
  if (!model) return [];
  const pairs = shownColumns(model)
    .map(({ property }) => ({ property, value: readPath(entity, property) }))
    .filter(({ value }) => value !== undefined)
    .map(({ property, value }) => ({ name: escapeLine(property), text: valueText(value, property, model, shell) }));
  return drawPairs(pairs, shell.output.style, INDENT);
}

function updated(entity: object, shell: ShellContext): EscapedText[] {
  const model = shell.entities.of(entity);
  const { style } = shell.output;
  const pairs = Object.entries(shell.db.session.changes(entity)).map(([property, { before, after }]) => {
    const [old, changed] = [before, after].map((value) => valueText(value, property, model, shell));
    return { name: escapeLine(property), text: ansi`${style.bad(old!)} → ${style.good(changed!)}` };
  });
  return drawPairs(pairs, style, INDENT);
}

function valueText(
  value: unknown,
  property: string,
  model: EntityModel | undefined,
  { output, entities }: ShellContext,
): EscapedText {
  if (value === undefined) return ansi`(not read)`;
  return cellText(output.secrets.mask(value, property, model?.name), entities);
}

function summary({ db: { session }, output: { style } }: ShellContext): EscapedText {
  const counts: [number, string][] = [
    [session.new.length, "inserted"],
    [session.dirty.length, "updated"],
    [session.deleted.length, "deleted"],
  ];
  const parts = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  const flushed = session.inTransaction ? ansi`; what was flushed before is part of the commit too` : EMPTY;
  return style.dim(ansi`${escapeLine(parts.join(", ") || "nothing more")} by a commit${flushed}`);
}

async function statements({ db: { session }, output: { style, secrets } }: ShellContext): Promise<EscapedText[]> {
  const { statements: planned, steps } = await session.plan();
  const lines = planned
    .slice(0, MAX_SHOWN)
    .map(({ sql, parameters }) => ansi`  ${statementText(sql, parameters, style, secrets)}`);
  if (planned.length > MAX_SHOWN) lines.push(style.dim(ansi`  … ${planned.length - MAX_SHOWN} more statements`));
  const waits = steps.flatMap((step) => step.waits);
  lines.push(...waits.slice(0, MAX_SHOWN).map(({ text }) => style.dim(escapeLine(`  ${text}`))));
  if (waits.length > MAX_SHOWN) lines.push(style.dim(ansi`  … ${waits.length - MAX_SHOWN} more wait`));
  return lines;
}
