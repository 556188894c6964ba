import type { SchemaDialect } from "./dialect";
import { type View, keyOf } from "./model";

/** Each view after those that it uses, as far as the database or its text says. */
export function viewsInOrder(views: readonly View[], { mentions }: Pick<SchemaDialect, "mentions">): View[] {
  const ordered: View[] = [];
  const visiting = new Set<View>();
  const uses = (view: View, other: View) =>
    view.uses?.some(({ table }) => table === keyOf(other)) ?? mentions(view.definition, other.name);
  const visit = (view: View) => {
    if (visiting.has(view)) return;
    visiting.add(view);
    for (const other of views) if (other !== view && uses(view, other)) visit(other);
    ordered.push(view);
  };
  views.forEach(visit);
  return ordered;
}
