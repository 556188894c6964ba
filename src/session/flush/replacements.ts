import { Collection, LazyCollection } from "../relations/collection";
import { keyMaker } from "../state/identity-key";
import { NOT_LOADED, type Instance, type Reference } from "../state/instance";
import { conceal } from "../relations/instrument";
import type { Filled } from "../rollback/undo-log";
import { currentValue, foreignKeysOf, propertiesOf } from "../state/values";
import type { Workspace } from "../workspace";

/** A new object with the key of one that is deleted in the same flush, and of the same entity: the row stays, and is its own now. */
export interface Replacement {
  readonly old: Instance;
  readonly by: Instance;
}

/** Finds the new objects that take a deleted one's row. */
export function replacementsOf(arriving: Iterable<Instance>, leaving: ReadonlySet<Instance>): Replacement[] {
  const byKey = new Map<string, Instance>();
  for (const instance of leaving)
    if (instance.snapshot && instance.deletion !== "sent") byKey.set(placeOf(instance, instance.key), instance);
  if (byKey.size === 0) return [];
  const found: Replacement[] = [];
  for (const by of arriving) {
    if (by.snapshot || leaving.has(by)) continue;
    const key = keyMaker(by.model).ofValues(givenKey(by));
    const place = key === undefined ? undefined : placeOf(by, key);
    const old = place === undefined ? undefined : byKey.get(place);
    if (!old || old.model !== by.model) continue;
    found.push({ old, by });
    byKey.delete(place!);
  }
  return found;
}

/** The key that an object was given; what it points at may be new too, and have its key all the same. */
function givenKey(instance: Instance): unknown[] {
  return instance.model.primary.map((column) => currentValue(instance, column) ?? column.read(instance.entity));
}

function placeOf({ model }: Instance, key: unknown): string {
  return `${model.root.table}\u0000${typeof key}\u0000${String(key)}`;
}

/** Gives the new objects the rows for as long as somebody looks at what would be written; gives how it is undone. */
export function borrowRows(replacements: readonly Replacement[]): () => void {
  for (const { old, by } of replacements) {
    by.snapshot = old.snapshot;
    by.replaces = old;
  }
  return () => {
    for (const { by } of replacements) by.snapshot = by.replaces = undefined;
  };
}

/** Gives the new objects the rows, and lets go of the old ones, until a rollback gives them back. */
export function adoptRows(workspace: Workspace, replacements: readonly Replacement[]): void {
  const { journal, identities, pending, related, deleting } = workspace;
  for (const { old, by } of replacements) {
    journal.record(old);
    journal.record(by);
    journal.filling(by, filledOf(by));
    by.key = old.key;
    by.generation = workspace.generation;
    identities.remove(old);
    pending.delete(by);
    deleting.delete(old);
    related.delete(old);
    related.add(by);
    old.deletion = "sent";
  }
  borrowRows(replacements);
  for (const { by } of replacements) identities.put(by);
}

/** Properties that the flush fills in, and what all of them hold before. */
function filledOf({ model, entity }: Instance): Filled {
  const held = propertiesOf(model)(entity);
  const keys = foreignKeysOf(model);
  const columns = model.columns.filter(
    (column) =>
      !column.isVirtual &&
      !column.isOfChild &&
      (held[column.index] === undefined ||
        keys[column.index] !== undefined ||
        column.metadata.isVersion ||
        column.metadata.isUpdateDate),
  );
  return { columns, held };
}

/** What pointed at the old objects points at the new ones, whose rows are those now; what else there is to find is read when it is touched. */
export function followRows(workspace: Workspace, replacements: readonly Replacement[]): void {
  if (replacements.length === 0) return;
  const heirs = new Map(replacements.map(({ old, by }) => [old.entity, by.entity]));
  const gone = new Set(heirs.keys());
  for (const { by } of replacements) {
    learn(by);
    by.replaces = undefined;
    for (const relation of by.model.relations) if (!relation.holdsKey) forget(by, relation.index);
  }
  for (const instance of workspace.identities) {
    if (!instance.related) continue;
    for (const relation of instance.model.relations) {
      const related = instance.related[relation.index];
      if (related instanceof LazyCollection || !related) continue;
      if (related instanceof Collection) {
        if (!related.some((member) => gone.has(member))) continue;
        workspace.journal.record(instance);
        // A child may have another parent; a row of a join table is there as before.
        if (relation.isManyToMany) forget(instance, relation.index);
        else related.lose(gone);
      } else if (related.entity && gone.has(related.entity)) {
        workspace.journal.record(instance);
        if (relation.holdsKey) instance.relate(relation, inherited(related, heirs.get(related.entity)!));
        else forget(instance, relation.index);
      }
    }
  }
}

function inherited(reference: Reference, entity: object): Reference {
  return { ...reference, entity, assigned: false };
}

function forget(instance: Instance, place: number): void {
  if (!instance.related?.[place]) return;
  conceal(instance, instance.model.relations[place]!);
  instance.related[place] = undefined;
}

/** What the object did not say, and the row keeps. */
function learn({ model, entity, snapshot }: Instance): void {
  for (const column of model.columns) {
    const remembered = snapshot![column.index];
    if (column.isVirtual || column.isOfChild || remembered === NOT_LOADED || column.read(entity) !== undefined)
      continue;
    column.write(entity, column.codec.thaw(remembered));
  }
}
