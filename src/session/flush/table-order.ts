import type { EntityModel } from "../../metadata/model";
import { groupBy } from "../../groups";
import { keysOf } from "./dependencies";
import { byModel, type Instance } from "../state/instance";

/**
 * Sorts objects by their tables, each table after those that its foreign keys refer to. Most schemas allow it, and the
 * dependencies of single rows need not be found then.
 *
 * @returns undefined where tables refer to each other in a cycle, or one to itself
 */
export function tableOrder(instances: readonly Instance[]): Instance[][] | undefined {
  const groups = byModel(instances);
  const byRoot = groupBy(groups.keys(), ({ root }) => root);
  const sorted: Instance[][] = [];
  const states = new Map<EntityModel, "entered" | "left">();
  const visit = (root: EntityModel): boolean => {
    if (states.has(root)) return states.get(root) === "left";
    states.set(root, "entered");
    const models = byRoot.get(root)!;
    for (const model of models)
      for (const target of referencedTables(model)) if (byRoot.has(target) && !visit(target)) return false;
    states.set(root, "left");
    for (const model of models) sorted.push(groups.get(model)!);
    return true;
  };
  for (const root of byRoot.keys()) if (!visit(root)) return undefined;
  return sorted;
}

/** The tables that foreign keys of a table refer to, also those without a relation (`@ForeignKey`). */
function referencedTables(model: EntityModel): Set<EntityModel> {
  const declared = model.metadata.foreignKeys.map(({ referencedEntityMetadata }) => referencedEntityMetadata);
  return new Set([
    ...keysOf(model).map(({ target }) => target.root),
    ...declared.map((metadata) => model.sibling(metadata).root),
  ]);
}
