/**
 * What a session and its database should hold, in plain maps: the yardstick of the random programs. It knows nothing of
 * TypeORM or Retort; foreign keys, what deleting does and savepoints are written out here once more, the simple way.
 */

export type Kind =
  "person" | "article" | "comment" | "profile" | "desk" | "label" | "folder" | "note" | "club" | "player";
/** Names a row for as long as a program runs, whether the database has given it a key or not. */
export type Handle = number;

/** A foreign key, and the property that shows it on the other side. */
export interface Reference {
  readonly kind: Kind;
  readonly field: string;
  readonly to: Kind;
  readonly back: string;
  readonly nullable: boolean;
  /** What becomes of the child when its parent is deleted. */
  readonly orphans: "set null" | "delete" | "refuse";
  /** Whether a parent has at most one child (one-to-one). */
  readonly single?: true;
  /** Whether a child that its parent lets go of is deleted (`orphanedRowAction`). */
  readonly kept?: true;
}

export const references: readonly Reference[] = [
  { kind: "article", field: "author", to: "person", back: "articles", nullable: true, orphans: "set null" },
  { kind: "article", field: "editor", to: "person", back: "edited", nullable: true, orphans: "set null" },
  { kind: "comment", field: "article", to: "article", back: "comments", nullable: false, orphans: "refuse" },
  { kind: "comment", field: "replyTo", to: "comment", back: "replies", nullable: true, orphans: "delete" },
  { kind: "profile", field: "person", to: "person", back: "profile", nullable: false, orphans: "delete", single: true },
  { kind: "desk", field: "person", to: "person", back: "desk", nullable: true, orphans: "set null", single: true },
  { kind: "folder", field: "parent", to: "folder", back: "children", nullable: true, orphans: "delete" },
  { kind: "note", field: "owner", to: "person", back: "notes", nullable: true, orphans: "set null", kept: true },
  { kind: "player", field: "club", to: "club", back: "players", nullable: false, orphans: "refuse" },
  { kind: "club", field: "captain", to: "player", back: "leads", nullable: false, orphans: "refuse" },
];

/** Properties that hold plain values; the first is what the programs change. */
export const columns: Readonly<Record<Kind, readonly string[]>> = {
  person: ["age", "name", "tags", "born"],
  article: ["title"],
  comment: ["text"],
  profile: ["motto"],
  desk: ["place"],
  label: ["colour"],
  folder: ["title"],
  note: ["text"],
  club: ["title"],
  player: ["title"],
};

/** The property that holds a row's key. */
export function keyOf(kind: Kind): "word" | "id" {
  return kind === "label" ? "word" : "id";
}

export const kinds = Object.keys(columns) as Kind[];
const versioned: ReadonlySet<Kind> = new Set<Kind>(["person", "comment"]);

export interface Row {
  readonly kind: Kind;
  /** What the database knows it by: undefined until it has made one. */
  key: number | string | undefined;
  version: number | undefined;
  readonly values: Record<string, unknown>;
  /** Foreign keys. */
  readonly refs: Record<string, Handle | null>;
  /** Its parent has let go of it, and no other took it. */
  orphaned?: boolean;
}

/** All rows, and the pairs of the many-to-many between articles and labels. */
interface State {
  readonly rows: Map<Handle, Row>;
  readonly pairs: Set<string>;
}

/** Why the database must not take what the session has. */
export type Refusal = "duplicate" | "missing reference" | "children in the way";

export class Model {
  /** As the session means it. */
  now: State = { rows: new Map(), pairs: new Set() };
  /** As the open transaction has it. */
  stored: State = copy(this.now);
  /** As everybody else sees it. */
  committed: State = copy(this.now);
  /** As it was at the savepoints that are open. */
  savepoints: State[] = [];
  /** Rows whose deletion was asked for, and not flushed yet. */
  readonly deleting = new Set<Handle>();

  add(handle: Handle, row: Row): void {
    this.now.rows.set(handle, row);
  }

  row(handle: Handle): Row {
    return this.now.rows.get(handle)!;
  }

  /** Rows of a kind that can be worked with. */
  living(kind?: Kind): Handle[] {
    return [...this.now.rows]
      .filter(([handle, row]) => !this.deleting.has(handle) && (kind === undefined || row.kind === kind))
      .map(([handle]) => handle);
  }

  childrenOf(parent: Handle, { kind, field }: Reference, { rows }: State = this.now): Handle[] {
    return [...rows].filter(([, row]) => row.kind === kind && row.refs[field] === parent).map(([handle]) => handle);
  }

  labelsOf(article: Handle): Handle[] {
    return [...this.now.pairs]
      .map(pairOf)
      .filter(([left]) => left === article)
      .map(([, right]) => right);
  }

  articlesOf(label: Handle): Handle[] {
    return [...this.now.pairs]
      .map(pairOf)
      .filter(([, right]) => right === label)
      .map(([left]) => left);
  }

  /** Whether nobody has this value of a unique column, by the database or by intent. */
  isFree(kind: Kind, column: string, value: unknown, except?: Handle): boolean {
    return [this.now, this.stored].every(({ rows }) =>
      [...rows].every(([handle, row]) => handle === except || row.kind !== kind || row.values[column] !== value),
    );
  }

  /** A parent lets go of a child. */
  letGo(child: Handle, { field, kept }: Reference): void {
    const row = this.row(child);
    row.refs[field] = null;
    if (kept) row.orphaned = true;
  }

  /** A child gets a parent, or of its own accord none. */
  point(child: Handle, { field }: Reference, parent: Handle | null): void {
    const row = this.row(child);
    // Saying it once more changes nothing.
    if (row.refs[field] === parent) return;
    row.refs[field] = parent;
    row.orphaned = false;
  }

  /** Takes a row out that the database has never seen. */
  forget(handle: Handle): void {
    this.now.rows.delete(handle);
    this.deleting.delete(handle);
    for (const pair of this.now.pairs) if (pairOf(pair).includes(handle)) this.now.pairs.delete(pair);
  }

  /** Writes what is meant into the transaction, or says why that cannot be. */
  flush(): Refusal[] {
    for (const { kind, field, kept } of references)
      for (const child of kept ? this.living(kind) : [])
        if (this.row(child).orphaned && (this.stored.rows.get(child)?.refs[field] ?? null) !== null)
          this.deleting.add(child);
    const refusals = [...this.#deletions(), ...this.#missing(), ...this.#duplicates()];
    if (refusals.length > 0) return refusals;
    this.#inherit();
    for (const handle of this.deleting) this.forget(handle);
    for (const [handle, row] of this.now.rows) {
      row.orphaned = false;
      this.#countVersion(row, this.stored.rows.get(handle));
    }
    this.stored = copy(this.now);
    return [];
  }

  commit(): void {
    this.committed = copy(this.stored);
    this.savepoints = [];
  }

  rollback(): void {
    this.savepoints = [];
    this.#becomes(this.committed);
  }

  savepoint(): void {
    this.savepoints.push(copy(this.stored));
  }

  release(depth: number): void {
    this.savepoints.length = depth;
  }

  rollbackTo(depth: number): void {
    const state = this.savepoints[depth]!;
    this.savepoints.length = depth;
    this.#becomes(state);
  }

  #becomes(state: State): void {
    this.now = copy(state);
    this.stored = copy(state);
    this.deleting.clear();
  }

  /** What deleting rows does to the rows that refer to them. */
  #deletions(): Refusal[] {
    const refusals: Refusal[] = [];
    // The set grows while it is walked: children that are deleted too have children of their own.
    for (const parent of this.deleting)
      for (const reference of references)
        for (const child of this.childrenOf(parent, reference)) {
          if (reference.orphans === "delete") this.deleting.add(child);
          if (reference.orphans === "set null" && !this.deleting.has(child))
            this.row(child).refs[reference.field] = null;
        }
    for (const parent of this.deleting)
      for (const reference of references)
        if (
          reference.orphans === "refuse" &&
          this.childrenOf(parent, reference).some((child) => !this.deleting.has(child))
        )
          refusals.push("children in the way");
    return refusals;
  }

  /** A new row with the key of a deleted one is the same row to whoever points at it. */
  #inherit(): void {
    for (const old of this.deleting) {
      const stored = this.stored.rows.get(old);
      if (stored?.kind !== "label") continue;
      const heir = this.living("label").find((one) => !this.stored.rows.has(one) && this.row(one).key === stored.key);
      if (heir === undefined) continue;
      for (const article of this.articlesOf(old))
        if (this.stored.pairs.has(pair(article, old))) this.now.pairs.add(pair(article, heir));
    }
  }

  #missing(): Refusal[] {
    return references
      .filter(
        ({ nullable, kind, field }) => !nullable && this.living(kind).some((one) => this.row(one).refs[field] === null),
      )
      .map(() => "missing reference");
  }

  #duplicates(): Refusal[] {
    const names = this.living("person").map((one) => this.row(one).values["name"]);
    const words = this.living("label").map((one) => this.row(one).key);
    const parents = references
      .filter(({ single }) => single)
      .map(({ kind, field }) =>
        this.living(kind)
          .map((one) => this.row(one).refs[field])
          .filter((one) => one !== null),
      );
    return [names, words, ...parents].filter((list) => new Set(list).size < list.length).map(() => "duplicate");
  }

  #countVersion(row: Row, before: Row | undefined): void {
    if (!versioned.has(row.kind)) return;
    if (!before) row.version = 1;
    else if (
      JSON.stringify([row.key, row.values, row.refs]) !== JSON.stringify([before.key, before.values, before.refs])
    )
      row.version = before.version! + 1;
  }
}

export function pair(article: Handle, label: Handle): string {
  return `${article}:${label}`;
}

function pairOf(text: string): [article: Handle, label: Handle] {
  return text.split(":").map(Number) as [Handle, Handle];
}

function copy({ rows, pairs }: State): State {
  return {
    rows: new Map(
      [...rows].map(([handle, row]) => [handle, { ...row, values: copyOfValues(row.values), refs: { ...row.refs } }]),
    ),
    pairs: new Set(pairs),
  };
}

/** Values of their own: lists and dates are changed in place. */
export function copyOfValues(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      Array.isArray(value) ? [...(value as unknown[])] : value instanceof Date ? new Date(value) : value,
    ]),
  );
}
