import { firstLine, pluralize } from "../../text";
import { RetortError } from "../../errors";
import type { ColumnModel, RelationModel } from "../../metadata/model";
import { instanceOf, type Instance } from "./instance";

export function notLoaded(relation: RelationModel): RetortError {
  return new RetortError("session/not-loaded", `${relation.label} is not loaded`, {
    hint: `await it, or load it with the query: options(selectin("${relation.property}"))`,
  });
}

export function raisedOnLoad(relation: RelationModel): RetortError {
  return new RetortError("session/raise", `${relation.label} was touched, and loading it is forbidden here`, {
    hint: `load it with the query: options(selectin("${relation.property}"))`,
  });
}

export function heldByAnotherSession(entity: object): RetortError {
  return new RetortError("session/other-session", `${nameOf(entity)} belongs to another session that is still open`, {
    hint: "expunge() it there, or merge() a copy here",
  });
}

export function closedSession(): RetortError {
  return new RetortError("session/closed", "the session is closed", {
    hint: "open a new one: new Session(dataSource)",
  });
}

export function notInitialised(): RetortError {
  return new RetortError("session/not-initialised", "the DataSource is not initialised", {
    hint: "await dataSource.initialize(), or await connect(dataSource)",
  });
}

/** @param given a description of what was assigned to the relation */
export function wrongEntity(relation: RelationModel, given: string): RetortError {
  return new RetortError("session/wrong-entity", `${relation.label} takes a ${relation.target.name}, not ${given}`, {
    hint: `db.create(${relation.target.name}, { … }) makes one`,
  });
}

/** @param given a description of what was assigned to the relation */
export function wrongKey({ label, target, joins }: RelationModel, given: string): RetortError {
  const key = joins.map(({ referenced }) => referenced.property).join(", ");
  return new RetortError(
    "session/wrong-entity",
    `${label} takes a ${target.name} or its key, { ${key} }, not ${given}`,
    {
      hint: `db.create(${target.name}, { … }) makes a new one; session.merge(…) takes the changes of a stored one`,
    },
  );
}

/** @param given what was assigned to the relation, in words */
export function wrongList(relation: RelationModel, given: string): RetortError {
  return new RetortError(
    "session/wrong-entity",
    `${relation.label} takes a list of ${relation.target.name}, not ${given}`,
    {
      hint: `assign an array, or null to remove every ${relation.target.name}`,
    },
  );
}

/** @param relation `Film.actors` */
export function notStored(relation: string): RetortError {
  return new RetortError(
    "session/not-stored",
    `${relation} cannot be set: neither side of the relation has a join table or a join column`,
    { hint: "add @JoinTable() (many-to-many) or @JoinColumn() (one-to-one) to one side" },
  );
}

export function twoParents(entity: object, relation: RelationModel, one: object, other: object): RetortError {
  return new RetortError(
    "session/two-parents",
    `${nameOf(entity)} has two values for ${relation.label}: ${nameOf(one)} and ${nameOf(other)}`,
    { hint: `assign ${relation.label} to name the one that it belongs to` },
  );
}

export function needsRollback(first: Error): RetortError {
  return new RetortError(
    "session/needs-rollback",
    `an earlier flush failed (${firstLine(first.message)}); call session.rollback() first`,
    {
      hint: "session.rollback()",
      cause: first,
    },
  );
}

/** @param known the levels that there are */
export function unknownIsolation(level: unknown, known: readonly string[]): RetortError {
  return new RetortError("session/isolation", `there is no isolation level "${String(level)}"`, {
    hint: `use ${known.join(", ")}`,
  });
}

export function alreadyInTransaction(): RetortError {
  return new RetortError("session/in-transaction", "the session is in a transaction already", {
    hint: "commit() or rollback() it first; nested() opens a savepoint in it",
  });
}

/** @param method what would commit them: `transaction()` */
export function unflushedChanges(method: string): RetortError {
  return new RetortError(
    "session/unflushed",
    `the session has changes that are not flushed, and ${method} would commit or discard them`,
    { hint: "commit() or rollback() them first" },
  );
}

/** @param statement its first word: `COMMIT` */
export function transactionStatement(statement: string): RetortError {
  return new RetortError(
    "session/transaction-statement",
    `${statement} is not executed: the session would not know what became of its transaction`,
    { hint: "use session.begin(), commit(), rollback() or nested()" },
  );
}

export function severalStatements(): RetortError {
  return new RetortError("session/several-statements", "execute() takes one statement, and this text has several", {
    hint: "call execute() for each of them",
  });
}

/** @param statement its first word: `CREATE` */
export function endsTransaction(statement: string): RetortError {
  return new RetortError(
    "session/ends-transaction",
    `${statement} is not executed: this database would commit the session's open transaction with it`,
    { hint: "commit() or rollback() first" },
  );
}

export function scopeWrites(): RetortError {
  return new RetortError(
    "session/scope-writes",
    "a fresh scope cannot be opened on SQLite while the outer one has written: each would wait for the other",
    { hint: "commit() the outer session first, or use its session: db.scope(work) without fresh" },
  );
}

export function savepointOver(): RetortError {
  return new RetortError(
    "session/savepoint-over",
    "the savepoint was already committed or rolled back, by itself or with its transaction",
    {
      hint: "open another one: session.beginNested()",
    },
  );
}

export function inAutoflush(origin: string, error: Error): Error {
  // The same error with its code and cause; only the message is extended.
  error.message = `${error.message} (while saving pending changes before ${origin}; noAutoflush() suspends that)`;
  return error;
}

/** @param stored whether the other object has a row */
export function duplicateKey(entity: object, other: object, key: string, stored: boolean): RetortError {
  return new RetortError(
    "session/duplicate-key",
    `${nameOf(entity)} has the key ${key} of ${nameOf(other)}, which is ${stored ? "loaded already" : "new too"}`,
    {
      hint: stored ? "merge() brings its values into the loaded object" : "expunge() one of them",
    },
  );
}

export function notInSession(entity: object): RetortError {
  return new RetortError("session/detached", `${nameOf(entity)} is in no session, so its relations cannot be loaded`, {
    hint: "add() it, or merge() it into a session",
  });
}

export function ofAnotherDataSource(entity: object): RetortError {
  return new RetortError("session/another-data-source", `${nameOf(entity)} was in a session of another DataSource`, {
    hint: "add a new object with its values, or merge() it",
  });
}

export function notPersistent(entity: object, state: string, action: string): RetortError {
  return new RetortError("session/state", `${nameOf(entity)} is ${state}; only objects with a row can be ${action}`, {
    hint: state === "transient" || state === "pending" ? "add() and commit() it first" : "load it again",
  });
}

/** Objects of a view: nothing says which row is whose. */
export function withoutKey(entity: object, model: string): RetortError {
  return new RetortError("session/no-key", `${nameOf(entity)} cannot be written: ${model} has no primary key`, {
    hint: "write the rows that the view selects, or give it a @PrimaryColumn() where the database can write the view",
  });
}

export function noDeleteDate(entity: object): RetortError {
  return new RetortError("session/no-delete-date", `${nameOf(entity)} cannot be soft-removed: it has no delete date`, {
    hint: "give its entity a @DeleteDateColumn(), or delete() it",
  });
}

export function treeCycle(entity: object): RetortError {
  return new RetortError("session/tree-cycle", `${nameOf(entity)} cannot be its own ancestor`, {
    hint: "give it a parent that is not one of its descendants",
  });
}

export function secondRoot(entity: string): RetortError {
  return new RetortError(
    "session/second-root",
    `Nested sets do not support multiple root entities. ${entity} has a root already`,
    {
      hint: 'give it a parent, or use @Tree("closure-table")',
    },
  );
}

export function rowGone(entity: object): RetortError {
  return new RetortError("session/row-gone", `the row of ${nameOf(entity)} is not in the database any more`, {
    hint: "expunge() the object",
  });
}

/** @param missed how many of the rows were left out */
export function notUpdated(entity: string, missed: number, of: number): RetortError {
  return new RetortError(
    "session/not-updated",
    `${missed} of ${pluralize(of, "row")} of ${entity} were not updated, though they are there`,
    { hint: "a trigger or a policy of the database may skip them; session.rollback(), and look at both" },
  );
}

export function staleRow(entity: object): RetortError {
  return new RetortError(
    "session/stale",
    `${nameOf(entity)} was changed or deleted by another transaction since it was read`,
    {
      hint: "session.rollback(), session.refresh(object), and apply the change again",
      retryable: true,
    },
  );
}

/** @param relation the foreign key that must not be NULL */
export function childrenNeedParent(parent: object, relation: RelationModel, count: number): RetortError {
  const children = pluralize(count, relation.model.name);
  const where = relation.inverse ? ` in ${relation.inverse.label}` : "";
  return new RetortError(
    "session/orphans",
    `${nameOf(parent)} cannot be deleted: ${children}${where} ${count === 1 ? "needs" : "need"} it (${relation.label} is NOT NULL)`,
    { hint: `delete them too, or declare onDelete: "CASCADE"` },
  );
}

export function keyCannotFollow(entity: string): RetortError {
  return new RetortError(
    "session/key-cannot-follow",
    `the key of a ${entity} cannot change: rows reference only a part of it`,
    { hint: "add a new object with the new key, let the other rows reference it, and delete the old one" },
  );
}

export function missingKey(entity: object, column: ColumnModel): RetortError {
  return new RetortError(
    "session/no-key",
    `${nameOf(entity)} has no ${column.label}, and the database does not make one`,
    {
      hint: `set ${column.property} before the commit`,
    },
  );
}

/** The text of `toString()`, as in `<User susan>`, where the class has one; else the class's name, and the key of a stored row. */
export function nameOf(entity: object): string {
  const own: unknown = (entity as { toString?: unknown }).toString;
  if (typeof own === "function" && own !== Object.prototype.toString) {
    try {
      return String(entity);
    } catch {
      // A toString that throws must not hide the error whose message this is.
    }
  }
  const name = (entity.constructor as { name?: string } | undefined)?.name ?? "object";
  const instance = instanceOf(entity);
  return instance?.snapshot ? `${name} ${keyText(instance)}` : name;
}

/** `1`, or `1, "x"` for a key of several columns. */
function keyText({ model, snapshot }: Instance): string {
  const parts = model.primary.map(({ codec, index }) => codec.thaw(snapshot![index]));
  return parts
    .map((part) => (typeof part === "string" && parts.length > 1 ? JSON.stringify(part) : String(part)))
    .join(", ");
}

export function noCollection(): RetortError {
  return new RetortError("session/no-collection", "collection() takes a relation to many of an object in a session", {
    hint: "pass the relation of an object that was added, loaded or created by create(): collection(user.posts)",
  });
}
