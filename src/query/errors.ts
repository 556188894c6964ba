import { RetortError, type RetortErrorDetails } from "../errors";
import { shown, ValueError, type Place } from "../metadata/errors";
import type { Refusal } from "../metadata/inspection/refusal";
import { didYouMean } from "../suggestion";
import { isObject, isPlainObject } from "../values";

export function unknownProperty(entity: string, property: string, known: readonly string[]): RetortError {
  return new RetortError(
    "query/unknown-property",
    `${entity} has no property "${property}"${didYouMean(property, known)}`,
    {
      hint: `${entity} has ${known.join(", ")}`,
    },
  );
}

export function notCriteria(
  entity: string,
  given: unknown,
  hint = `filterBy({ property: value }), or ${entity}.query.get(key)`,
): RetortError {
  return new RetortError("query/criteria", `a query of ${entity} cannot be filtered by ${shown(given)}`, { hint });
}

/** @param at the column or relation that was compared; undefined where it was an expression */
export function undefinedOperand(label: string, at?: Place): ValueError {
  const details = { hint: "null asks for rows without a value; leave the condition out to ask for all rows" };
  return new ValueError("value/undefined", `${label} was compared with undefined`, details, at, undefined);
}

export function operandRefused(label: string, at: Place | undefined, value: unknown, refusal: Refusal): ValueError {
  const message = `${label} cannot be compared with ${shown(value)}: ${refusal.words}`;
  return new ValueError(`value/${refusal.reason}`, message, hinted(refusal, value), at, value);
}

/** A value of sql`…`, or an argument of a function. */
export function parameterRefused(what: string, value: unknown, refusal: Refusal): ValueError {
  const message = `${what} cannot be ${shown(value)}: ${refusal.words}`;
  return new ValueError(`value/${refusal.reason}`, message, hinted(refusal, value), undefined, value);
}

export function undefinedParameter(what: string): ValueError {
  const details = { hint: "null stands for NULL" };
  return new ValueError("value/undefined", `${what} cannot be undefined`, details, undefined, undefined);
}

export function undefinedAssignment(label: string, at: Place): ValueError {
  const details = { hint: "null clears it; leave the property out to keep it" };
  return new ValueError("value/undefined", `update() was given undefined for ${label}`, details, at, undefined);
}

function hinted({ hint }: Refusal, value: unknown): RetortErrorDetails {
  if (hint !== undefined) return { hint };
  if (Array.isArray(value)) return { hint: "in([…]) takes several values" };
  const isOfClass = isObject(value) && !isPlainObject(value);
  return {
    hint: isOfClass ? "pass one of its properties, such as its key" : "pass a value of the property's type, or null",
  };
}

/** @param given what stands where a condition is needed */
export function notACondition(where: string, given: unknown, hint: string): RetortError {
  return new RetortError("query/criteria", `${where} takes conditions, not ${shown(given)}`, { hint });
}

export function notAnExpression(where: string, given: unknown, hint: string): RetortError {
  return new RetortError(
    "query/expression",
    `${where} takes expressions and names of properties, not ${shown(given)}`,
    {
      hint,
    },
  );
}

/** @param unknown the error that no property has the name */
export function unknownLabel(
  unknown: RetortError,
  name: string,
  values: readonly { readonly name: string }[],
): RetortError {
  const labels = values.map((value) => value.name);
  return new RetortError(unknown.code, `${unknown.message}; select(…) has no "${name}" either`, {
    hint: `selected: ${labels.join(", ")}; ${unknown.hint}`,
  });
}

export function arraysElsewhere(database: string): RetortError {
  return new RetortError("query/array", `${database} takes no list as one value`, {
    hint: "column.in([…]); in sql`…`, one ${value} for each",
  });
}

export function unsupportedOperator(operator: string, label: string): RetortError {
  return new RetortError("query/operator", `the operator "${operator}" does not work on ${label}`);
}

export function keyPartOfUnsaved(relation: string, key: string): RetortError {
  return new RetortError("query/no-key", `${relation} was compared with an object that has no ${key} yet`, {
    hint: "commit() or flush() it first",
  });
}

export function bothLockOptions(): RetortError {
  return new RetortError("query/lock", "skipLocked and nowait exclude each other", {
    hint: "skipLocked leaves out locked rows, nowait fails on one",
  });
}

/** @param option `skipLocked` or `nowait` */
export function noRowLocks(database: string, option: string): RetortError {
  return new RetortError("query/lock", `${database} locks the whole database, not rows: it has no ${option}`, {
    hint: "forUpdate() without it waits until no other transaction writes",
  });
}

export function pageOfLocked(): RetortError {
  return new RetortError(
    "query/lock",
    "skipLocked takes no limit here: a join makes rows of an entity several, so the page is chosen before",
    {
      hint: "filter with exists(…) instead of the join, and load lists with selectin(…)",
    },
  );
}

export function locksNothing(method: string, lock: string): RetortError {
  return new RetortError("query/lock", `${method} locks no rows, so ${lock}() has no effect`, {
    hint: `read the rows with ${lock}().all() first`,
  });
}

/** @param what what a value of the statement is */
export function notInRawStatement(what: string): RetortError {
  return new RetortError("query/raw", `${what} cannot be part of a statement of sql\`…\` that is executed by itself`, {
    hint: "write it as SQL, or use it in a query: User.query.filter(sql`…`)",
  });
}

export function noResult(entity: string): RetortError {
  return new RetortError("query/no-result", `no ${entity} found`);
}

export function manyResults(entity: string): RetortError {
  return new RetortError("query/many-results", `more than one ${entity} found`, {
    hint: "first() returns the first of several",
  });
}

export function notJoined(entity: string, root: string): RetortError {
  return new RetortError("query/not-joined", `${entity} is not part of this query of ${root}`, {
    hint: `join it first: ${root}.query.join(relation)`,
  });
}

export function ambiguousEntity(entity: string, paths: readonly string[]): RetortError {
  return new RetortError(
    "query/ambiguous",
    `${entity} is joined ${paths.length} times (${paths.join(", ")}), so its columns could be of any`,
    {
      hint: `say which: c.${paths[0]!}.…`,
    },
  );
}

export function aliasOfAnother(entity: string, relation: { label: string; target: { name: string } }): RetortError {
  return new RetortError(
    "query/alias",
    `${relation.label} leads to ${relation.target.name}, and the alias is one of ${entity}`,
  );
}

export function assignedFromJoin(entity: string): RetortError {
  return new RetortError("query/assigned-from-join", `update() of ${entity} was given a value of a related entity`, {
    hint: "take it from a subquery: update({ name: Other.query.filter(…).select(…) })",
  });
}

export function neverInserted(label: string): RetortError {
  return new RetortError("query/never-inserted", `${label} takes no value in insert() and upsert()`, {
    hint: "its column is never inserted (insert: false), or the value is an expression, which update() takes",
  });
}

export function noConflictTarget(entity: string): RetortError {
  return new RetortError(
    "query/no-conflict-target",
    `upsert() finds no unique columns of ${entity} that every row has`,
    {
      hint: 'name them: upsert(rows, { conflict: ["email"] })',
    },
  );
}

/** @param method `insert()` */
export function insertsNoSelection(entity: string, method: string): RetortError {
  return new RetortError("query/insert", `${method} inserts rows, so the query of ${entity} cannot select any`, {
    hint: `${entity}.query.${method}`,
  });
}

export function neverUpdated(label: string): RetortError {
  return new RetortError("query/never-updated", `${label} is never updated (update: false)`);
}

export function operatorElsewhere(operator: string, label: string, database: string): RetortError {
  return new RetortError("query/operator", `${database} does not support ${operator} (${label})`);
}

/** @param at the column of the key that has no value, or one of a wrong type */
export function keyOfWrongShape(at: Place, parts: readonly string[], key: unknown, refusal?: Refusal): ValueError {
  const entity = at.model.name;
  const shape = parts.length === 1 ? parts[0]! : `{ ${parts.join(", ")} }`;
  const words = refusal ? ` (${entity}.${at.property}: ${refusal.words})` : "";
  return new ValueError(
    "query/key",
    `${entity}.get(…) takes ${shape}, not ${describeKey(key)}${words}`,
    { hint: `${entity}.query.filterBy({ … }) finds rows by other properties` },
    at,
    key,
  );
}

export function noDeleteDate(entity: string): RetortError {
  return new RetortError("query/no-delete-date", `rows of ${entity} cannot be hidden: it has no delete date`, {
    hint: "give it a @DeleteDateColumn(), or delete() them",
  });
}

export function badPage(name: string, value: unknown): RetortError {
  const shown = typeof value === "string" ? `the text ${JSON.stringify(value)}` : String(value);
  return new RetortError("query/page", `${name} is ${shown}; it has to be a whole number from 1 up`, {
    ...(typeof value === "string" && { hint: `Number(${name})` }),
  });
}

export function badCount(method: string, value: unknown): RetortError {
  return new RetortError("query/count", `${method}(${shown(value)}): a whole number from 0 up is needed`, {
    ...(typeof value === "string" && { hint: `${method}(Number(value))` }),
  });
}

export function tooManyRows(entity: string, limit: number): RetortError {
  return new RetortError("query/too-many-rows", `${entity}.query.all() has more than ${limit} rows here`, {
    hint: `.all ${entity}.query shows them page by page; for (const one of ${entity}.query) reads them one by one; .limit(n).all() takes n`,
  });
}

/** @param method `after` */
export function damagedCursor(text: string, method: string): RetortError {
  const begin = text.length > 20 ? `${text.slice(0, 20)}…` : text;
  return new RetortError("query/cursor", `${method}(${JSON.stringify(begin)}) is not a cursor, or not all of one`, {
    hint: "await query.cursorOf(entity) makes one; null is the beginning",
  });
}

/** @param given an object of what, or a cursor of what */
export function placeOfAnother(method: string, entity: string, given: string): RetortError {
  return new RetortError("query/cursor", `${method}() of a query of ${entity} was given ${given}`, {
    hint: `pass a ${entity}, or what query.cursorOf(entity) gave; null is the beginning`,
  });
}

export function cursorOfAnotherOrder(method: string, own: readonly string[], cursors: readonly string[]): RetortError {
  return new RetortError(
    "query/cursor",
    `${method}() was given a cursor of the order ${shownOrder(cursors)}, and the query's order is ${shownOrder(own)}`,
    { hint: "sort as the query that has made it, or begin anew: after(null)" },
  );
}

function shownOrder(names: readonly string[]): string {
  return names.map((name) => name.replace(/^expression:\w+/, "expression")).join(", ");
}

/** @param why what the query has */
export function noPlaces(entity: string, method: string, why: string, hint: string): RetortError {
  return new RetortError("query/cursor", `${method}() needs a place of each ${entity} in the order: ${why}`, { hint });
}

export function placeIsGone(entity: string, method: string): RetortError {
  return new RetortError(
    "query/cursor",
    `${method}() needs values of the ${entity}'s row, which is gone: its place in the order is not known any more`,
    { hint: "take the cursor while the row is there: await query.cursorOf(entity)" },
  );
}

export function placeWithoutRow(entity: string, method: string): RetortError {
  return new RetortError("query/cursor", `${method}() was given a ${entity} that has no row yet`, {
    hint: "commit() or flush() it first",
  });
}

export function placeToRead(entity: string, method: string): RetortError {
  return new RetortError(
    "query/cursor",
    `${method}() of this order reads the ${entity}'s place from the database, which nothing here can wait for`,
    { hint: `${method}(await query.cursorOf(entity))` },
  );
}

/** @param what a list of what */
export function batchesNotInOrder(entity: string, what: string, hint: string): RetortError {
  return new RetortError("query/batches", `inBatches() of ${entity} cannot go on from batch to batch: ${what}`, {
    hint,
  });
}

export function cancelledBatches(): RetortError {
  return new RetortError("query/cancelled", "cancelled between two batches");
}

export function relationCompared(label: string, property: string, key: string, method: string): RetortError {
  return new RetortError("query/relation", `${label} is a relation, which has no ${method}()`, {
    hint: `filterBy({ ${property}: … }) compares it with an object or a key; ${label}.${key}.${method}(…) compares its key`,
  });
}

export function emptyWrite(method: string): RetortError {
  return new RetortError("query/nothing-to-set", `${method}() was given nothing to change`);
}

function describeKey(key: unknown): string {
  if (key === undefined || key === null) return String(key);
  return typeof key === "object" ? shown(key) : `${typeof key} ${shown(key)}`;
}

export function notAFunctionName(name: string): RetortError {
  return new RetortError("query/function-name", `${JSON.stringify(name)} is not the name of a function`, {
    hint: "sql`…` takes SQL of your own",
  });
}

export function badLabel(name: unknown): RetortError {
  return new RetortError("query/label", `${JSON.stringify(name) ?? String(name)} cannot be the name of a value`, {
    hint: 'as("total"): any text that is not empty, without NUL, and not "__proto__"',
  });
}

export function badDirection(property: string, direction: unknown): RetortError {
  return new RetortError(
    "query/direction",
    `orderBy was given ${JSON.stringify(direction) ?? String(direction)} for ${property}`,
    {
      hint: '"ASC" or "DESC"',
    },
  );
}

export function notASubquery(given: unknown): RetortError {
  return new RetortError("query/criteria", `exists(…) takes a query, not ${shown(given)}`, {
    hint: "exists(Post.query.filter(…))",
  });
}
