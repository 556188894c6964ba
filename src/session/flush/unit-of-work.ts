import { Cascades } from "./cascades";
import { computeChangeSet, isEmpty, type ChangeSet } from "./change-set-computer";
import { Collection, LazyCollection } from "../relations/collection";
import { duplicateKey } from "../state/errors";
import { planFlush } from "./flush-plan";
import { runStep, type FlushObserver } from "../write/flush-run";
import { keyMaker } from "../state/identity-key";
import { referenceTo, type Instance } from "../state/instance";
import { followInMemory, storedKey, type ReferencingRow } from "../write/key-change";
import { Listeners } from "./listeners";
import { Persister } from "../write/persister";
import type { Plan } from "../preview/plan";
import { dryRun } from "../preview/dry-run";
import { followRelations } from "../relations/relation-ids";
import { followRows, borrowRows, adoptRows } from "./replacements";
import { loadPendingRelations } from "./load-pending-relations";
import { Trees } from "../write/trees";
import { Validator } from "./validator";
import { currentValue, keyValues } from "../state/values";
import type { Workspace } from "../workspace";

/** How many rows a flush wrote. */
export interface FlushResult {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** One flush: finds out what changed in memory, and writes it in an order the database accepts. */
export class UnitOfWork implements FlushObserver {
  readonly #workspace: Workspace;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** Whose relations are written as they were when the change set was computed. */
  #taken: readonly Instance[] = [];

  async flush(): Promise<FlushResult> {
    await loadPendingRelations(this.#workspace);
    const concerned = await new Cascades(this.#workspace).toNew().toOrphans().toChildren();
    concerned.apply();
    const { replacements } = concerned;
    adoptRows(this.#workspace, replacements);
    let work = this.#take(computeChangeSet(this.#workspace, concerned));
    const listeners = new Listeners(this.#workspace);
    const told = { ...work, replacements };
    const hears = listeners.hear(told);
    if (isEmpty(work) && replacements.length === 0) return { inserted: 0, updated: 0, deleted: 0 };
    const validator = new Validator(this.#workspace.options.strict);
    if (!hears) validator.check(work.inserts, work.updates);
    if (hears || !isEmpty(work)) await this.#workspace.begin();
    if (hears && (await listeners.before(told))) {
      // A listener may have changed what is to be written, or added to it.
      const more = new Cascades(this.#workspace).toNew();
      more.apply();
      work = this.#take(computeChangeSet(this.#workspace, more));
      validator.check(work.inserts, work.updates);
    }
    await this.#write(work);
    followRows(this.#workspace, replacements);
    this.#remember(work);
    if (hears) await listeners.after({ ...work, replacements });
    for (const { instance } of work.updates) instance.soft = undefined;
    return { inserted: work.inserts.length, updated: work.updates.length, deleted: work.deletes.length };
  }

  /** What `flush` would send if it were called now. Listeners are not asked. */
  async plan(): Promise<Plan> {
    await loadPendingRelations(this.#workspace);
    const concerned = await new Cascades(this.#workspace).toNew().toOrphans().toChildren();
    const giveBack = borrowRows(concerned.replacements);
    try {
      const work = computeChangeSet(this.#workspace, concerned);
      new Validator(this.#workspace.options.strict).check(work.inserts, work.updates);
      const { dialect, identities } = this.#workspace;
      return await dryRun(planFlush(work, identities, dialect), { dialect, owner: this.#workspace, concerned });
    } finally {
      giveBack();
    }
  }

  /** What comes to relations from here on is the next flush's, however long this one waits. */
  #take(work: ChangeSet): ChangeSet {
    this.#taken = [...work.inserts, ...this.#workspace.related];
    for (const instance of this.#taken) take(instance);
    return work;
  }

  async #write(work: ChangeSet): Promise<void> {
    const { connection, dialect, journal, identities } = this.#workspace;
    const persister = new Persister(connection, journal);
    const trees = new Trees(connection);
    for (const step of planFlush(work, identities, dialect).steps) {
      await trees.before(step);
      await runStep(step, persister, this);
      await trees.after(step);
    }
    await trees.finish();
  }

  /** @internal */
  inserting(instances: readonly Instance[]): void {
    const among = new Map<unknown, Instance>();
    for (const instance of instances) this.#refuseDuplicate(instance, among);
  }

  /** @internal */
  inserted(instances: readonly Instance[]): void {
    const maker = keyMaker(instances[0]!.model);
    for (const instance of instances) {
      instance.key = maker.ofValues(keyValues(instance));
      this.#workspace.identities.put(instance);
    }
  }

  /** @internal Whoever is loaded follows a key that has changed. */
  rekeyed(followers: readonly ReferencingRow[]): void {
    const { identities, journal } = this.#workspace;
    for (const instance of followInMemory(identities, followers, journal)) {
      this.#replace(instance);
      followRelations(instance);
    }
  }

  /** The key of a row has changed, and the object's place with it. */
  #replace(instance: Instance): void {
    const { identities } = this.#workspace;
    const key = storedKey(instance);
    if (key === instance.key) return;
    identities.remove(instance);
    instance.key = key;
    identities.put(instance);
  }

  /** @param among new objects by their keys, as far as they have one */
  #refuseDuplicate(instance: Instance, among: Map<unknown, Instance>): void {
    // A key that the database makes is nobody's yet.
    if ((currentValue(instance, instance.model.primary[0]!) ?? undefined) === undefined) return;
    const values = keyValues(instance);
    const key = keyMaker(instance.model).ofValues(values);
    if (key === undefined) return;
    const other = among.get(key) ?? this.#workspace.identities.get(instance.model, key);
    // One whose row has been given another key is in nobody's way.
    const isThere = other && (!other.snapshot || storedKey(other) === key);
    if (isThere && other !== instance && other.deletion === "none")
      throw duplicateKey(instance.entity, other.entity, values.join(", "), other.snapshot !== undefined);
    among.set(key, instance);
  }

  /** The database has it: memory says so. */
  #remember({ inserts, updates, deletes }: ChangeSet): void {
    const { pending, deleting, related, identities, generation } = this.#workspace;
    const changed = [...updates.map(({ instance }) => instance), ...related];
    for (const instance of inserts) {
      pending.delete(instance);
      instance.generation = generation;
    }
    for (const { instance } of updates) this.#replace(instance);
    this.#leaveRelations(deletes);
    for (const instance of this.#taken)
      if (settle(instance)) related.delete(instance);
      else related.add(instance);
    for (const instance of deletes) {
      deleting.delete(instance);
      identities.remove(instance);
    }
    for (const instance of [...deleting]) if (!instance.snapshot) this.#workspace.withdraw(instance);
    for (const instances of [inserts, changed]) for (const instance of instances) followRelations(instance);
  }

  /** Who is deleted is in nobody's collection any more; foreign keys were seen to before. */
  #leaveRelations(deletes: readonly Instance[]): void {
    if (deletes.length === 0) return;
    const gone = new Set(deletes.map(({ entity }) => entity));
    const roots = new Set(deletes.map(({ model }) => model.root));
    for (const instances of this.#workspace.identities.tables())
      for (const instance of instances.values()) {
        if (!instance.related || gone.has(instance.entity)) continue;
        for (const relation of instance.model.relations) {
          if (relation.holdsKey || !roots.has(relation.target.root)) continue;
          const related = instance.related[relation.index];
          if (related instanceof Collection && related.some((member) => gone.has(member))) {
            this.#workspace.journal.record(instance);
            related.lose(gone);
            followRelations(instance);
          } else if (related && "entity" in related && gone.has(related.entity!)) {
            this.#workspace.journal.record(instance);
            instance.relate(relation, referenceTo(null, {}));
            followRelations(instance);
          }
        }
      }
  }
}

/** Relations as they are now are what is written. */
function take({ related: all }: Instance): void {
  if (!all) return;
  for (const related of all) {
    if (related instanceof Collection) related.flushing();
    else if (related instanceof LazyCollection) related.flushing();
    else if (related) related.writing = true;
  }
}

/** Relations follow the database from here on. Gives whether all do: what was changed in the meantime waits for the next flush. */
function settle({ related: all }: Instance): boolean {
  if (!all) return true;
  let settled = true;
  for (const related of all) {
    if (related instanceof Collection) settled = related.flushed() && settled;
    else if (related instanceof LazyCollection) settled = related.flushed() && settled;
    else if (related?.writing) related.writing = related.assigned = false;
    else if (related?.assigned) settled = false;
  }
  return settled;
}
