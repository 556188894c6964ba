import { Cascades } from "../flush/cascades";
import { computeChangeSet } from "../flush/compute-change-set";
import { loadPendingRelations } from "../flush/load-pending-relations";
import { borrowRows } from "../flush/row-reuse";
import { Validator } from "../flush/validator";
import type { WithoutAutoflush } from "../load/entity-loader";
import type { SessionState } from "../session-state";
import { planFlush } from "../write/flush-plan";
import { dryRun } from "./dry-run";
import type { Plan } from "./plan";

/** What a flush would send now. Listeners are not called, and no object changes. */
export async function previewFlush(state: SessionState, withoutAutoflush: WithoutAutoflush): Promise<Plan> {
  await loadPendingRelations(state, withoutAutoflush);
  const cascades = await new Cascades(state, withoutAutoflush).saveUpdate().orphans().deletes();
  const returnRows = borrowRows(cascades.reusedRows);
  try {
    const changes = computeChangeSet(state, cascades);
    new Validator(state.options.strict).check(changes.inserts, changes.updates);
    const { dialect, identities } = state;
    return await dryRun(planFlush(changes, identities, dialect, cascades.deleteActions), {
      dialect,
      owner: state,
      cascades,
    });
  } finally {
    returnRows();
  }
}
