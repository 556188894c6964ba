import { type View, displayName, keyOf } from "../../../dialect/schema/model";
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
