import { type View, displayName, isSameObject, keyOf } from "../../../dialect/schema/model";
import type { Operation } from "../../../dialect/schema/operation";
import { viewsInOrder } from "../../../dialect/schema/view-order";
import type { ResolverState } from "./state";

/** A view without an entity is only dropped with an answer. */
export async function mayDropView(state: ResolverState, view: View): Promise<boolean> {
  const { names, prompts, wanted } = state;
  if (wanted.views.some((other) => keyOf(other) === keyOf(view))) return true;
  if (prompts.all("drop").some((one) => names.wasTableOf(view, one.subject) && (one.used = true))) return true;
  const isAnswered = await prompts.put({
    about: "view",
    text: `view ${displayName(view)} belongs to no entity`,
    rows: 0,
    choices: [{ flag: `--drop ${keyOf(view)}`, text: "drops it; no row is lost" }],
  });
  return isAnswered && mayDropView(state, view);
}

/** Views of no entity over a dropped table or column, which a database that tracks them does not drop before: each needs an answer. */
export async function resolveViewsOver(state: ResolverState, operations: readonly Operation[]): Promise<Operation[]> {
  const views = viewsOver(state, operations);
  const dropped: Operation[] = [];
  for (const view of views) if (await mayDropUsed(state, view)) dropped.push({ kind: "dropView", view });
  return dropped.reverse();
}

/** The views over what is dropped, and the views over these; each after those that it uses. */
function viewsOver({ actual, schemas }: ResolverState, operations: readonly Operation[]): View[] {
  const isGone = (view: View) => operations.some((one) => one.kind === "dropView" && isSameObject(one.view, view));
  const gone = new Set(
    operations.flatMap((one) => {
      if (one.kind === "dropTable") return [keyOf(one.table)];
      return one.kind === "dropColumn" ? [`${keyOf(one.table)}\0${one.column.name}`] : [];
    }),
  );
  const found: View[] = [];
  for (const view of viewsInOrder(actual.views, schemas.dialect)) {
    const isOver = view.uses?.some(({ table, column }) => gone.has(table) || gone.has(`${table}\0${column}`));
    if (!isOver || isGone(view)) continue;
    gone.add(keyOf(view));
    found.push(view);
  }
  return found;
}

async function mayDropUsed(state: ResolverState, view: View): Promise<boolean> {
  const { names, prompts } = state;
  if (prompts.all("drop").some((one) => names.wasTableOf(view, one.subject) && (one.used = true))) return true;
  const isAnswered = await prompts.put({
    about: "view",
    text: `view ${displayName(view)} belongs to no entity, and uses what is dropped`,
    rows: 0,
    choices: [{ flag: `--drop ${keyOf(view)}`, text: "drops it too; down creates it again" }],
  });
  return isAnswered && mayDropUsed(state, view);
}
