import { groupBy } from "../../groups";
import { Query } from "../../query/query";
import type { SessionState } from "../session-state";
import { among, batches } from "../state/batches";
import { staleRow } from "../state/errors";
import { NOT_LOADED, type Instance } from "../state/instance";
import { storedValue } from "../state/values";
import type { WithoutAutoflush } from "./entity-loader";

/**
 * Reads the rows of changed objects again that were loaded before the transaction began, so that nothing is computed from
 * rows that the transaction has not seen.
 *
 * @throws RetortError `session/stale` where a row is not as it was loaded
 */
export async function rereadChanged(state: SessionState, withoutAutoflush: WithoutAutoflush): Promise<void> {
  const changed = [...state.identities].filter(
    (instance) =>
      instance.generation !== state.generation &&
      instance.deletion !== "sent" &&
      (state.deleting.has(instance) || state.relationsChanged.has(instance) || state.isDirty(instance)),
  );
  for (const [root, instances] of groupBy(changed, ({ model }) => model.root)) {
    const loaded = new Map(instances.map((instance) => [instance, instance.snapshot!]));
    await withoutAutoflush(async (context) => {
      const query = Query.of<object>(() => context, root).withDeleted();
      const keys = instances.map((instance) => root.primary.map((column) => storedValue(instance, column)));
      for (const batch of batches(keys, root.primary.length, context))
        await query.filter(among(root.primary, batch)).all();
    });
    for (const [instance, before] of loaded)
      if (instance.generation !== state.generation || !isSame(instance, before)) throw staleRow(instance.entity);
  }
}

function isSame({ model, snapshot }: Instance, before: readonly unknown[]): boolean {
  return model.columns.every(({ index, codec, isVirtual, isOfChild }) => {
    const [was, is] = [before[index], snapshot![index]];
    if (was === NOT_LOADED || is === NOT_LOADED || isVirtual || isOfChild || was === is) return true;
    return codec.same(codec.thaw(was), is);
  });
}
