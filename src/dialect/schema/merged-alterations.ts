import type { Statement, Step } from "./dialect";
import { type Quoting, nameIn, tokenize } from "./tokens";

/** How a database runs an ALTER TABLE of several clauses. */
export interface AlterationRules {
  readonly quoting: Quoting;
  /** The path of a table, as the plan writes it: `"app"."user"`. Matches at the beginning of a text. */
  readonly path: RegExp;
  /** Whether it is a clause that can be one of several. */
  canBeOneOfSeveral(clause: string): boolean;
  /**
   * Whether one statement with both does what two in this order do, though they name the same column or constraint: the
   * database runs the clauses of a statement in an order of its own.
   */
  canJoin(earlier: string, later: string): boolean;
}

/** Statements that a clause of another table, or of other columns, may be moved across. */
const TRANSPARENT = /^(UPDATE|COMMENT ON|CREATE (UNIQUE )?INDEX|CREATE TABLE|DO \$\$|INSERT INTO|DELETE FROM) /;

/** A statement of the plan, with those that it was merged from. */
interface Part {
  readonly steps: Step[];
  readonly statement: Statement;
  readonly table: string | undefined;
  /** What can be merged: clauses of ALTER TABLE, assignments of an UPDATE of all rows. */
  readonly kind: "alter" | "update" | "other";
  readonly clauses: string[];
}

/**
 * The steps with one ALTER TABLE for each table, as far as their order allows: a table is rewritten and locked once, not
 * once for every column. A clause moves to the earliest statement of its table that it can be part of; it does not pass a
 * statement that names what it names.
 */
export function mergedAlterations(steps: readonly Step[], rules: AlterationRules): Step[] {
  const parts: Part[] = [];
  for (const step of steps) {
    for (const statement of step.statements) {
      const part = partOf(step, statement, rules);
      const target = targetOf(part, parts, rules);
      if (!target) parts.push(part);
      else {
        target.clauses.push(...part.clauses);
        if (!target.steps.includes(step)) target.steps.push(step);
      }
    }
  }
  return stepsOf(parts);
}

function partOf(step: Step, statement: Statement, rules: AlterationRules): Part {
  const other: Part = { steps: [step], statement, table: undefined, kind: "other", clauses: [] };
  if (statement.kind !== "sql" || statement.verbatim) return other;
  const head = /^(ALTER TABLE|UPDATE) /.exec(statement.sql);
  const table = head && rules.path.exec(statement.sql.slice(head[0].length))?.[0];
  if (!head || !table) return other;
  const rest = statement.sql.slice(head[0].length + table.length + 1);
  if (head[1] === "UPDATE") {
    const isWhole = rest.startsWith("SET ") && !/\b(WHERE|SELECT)\b/i.test(rest);
    return isWhole ? { ...other, table, kind: "update", clauses: [rest.slice(4)] } : { ...other, table };
  }
  return !rules.canBeOneOfSeveral(rest) ? other : { ...other, table, kind: "alter", clauses: [rest] };
}

/** The earliest statement that the new one can be part of. */
function targetOf(part: Part, parts: readonly Part[], rules: AlterationRules): Part | undefined {
  if (part.kind === "other") return undefined;
  let found: Part | undefined;
  for (const earlier of [...parts].reverse()) {
    if (earlier.kind === part.kind && earlier.table === part.table && canJoin(part, earlier, rules)) found = earlier;
    if (!canPass(part, earlier, rules)) break;
  }
  return found;
}

function canJoin(part: Part, earlier: Part, rules: AlterationRules): boolean {
  const [clause] = part.clauses as [string];
  return earlier.clauses.every((other) => {
    if (areIndependent(clause, other, rules)) return true;
    return part.kind === "alter" && rules.canJoin(other, clause);
  });
}

function canPass(part: Part, earlier: Part, rules: AlterationRules): boolean {
  const [clause] = part.clauses as [string];
  const text = earlier.statement.kind === "sql" ? earlier.statement.sql : "";
  if (earlier.kind === "alter" && earlier.table !== part.table)
    return !earlier.clauses.some((other) => other.includes(part.table!)) && !clause.includes(earlier.table!);
  if (earlier.kind === "alter" || earlier.kind === "update")
    return earlier.clauses.every((other) => areIndependent(clause, other, rules));
  return (
    TRANSPARENT.test(text) &&
    !/\bSELECT\b[^;]*\bFROM\b/i.test(text.replace(/^DO .*/s, "")) &&
    areIndependent(clause, text, rules)
  );
}

/** Whether neither text names what the other has in quotes. */
function areIndependent(a: string, b: string, { quoting }: AlterationRules): boolean {
  const [one, other] = [namesIn(a, quoting), namesIn(b, quoting)];
  const disjoint = (quoted: ReadonlySet<string>, all: ReadonlySet<string>) =>
    [...quoted].every((name) => !all.has(name));
  return disjoint(one.quoted, other.all) && disjoint(other.quoted, one.all);
}

function namesIn(text: string, quoting: Quoting): { quoted: Set<string>; all: Set<string> } {
  const quoted = new Set<string>();
  const all = new Set<string>();
  for (const token of tokenize(text, quoting)) {
    // Code in a string, as in DO $$ … $$.
    if (token.kind === "string")
      for (const [name] of token.text.matchAll(/[\p{L}\p{N}_$]+/gu)) all.add(name.toLowerCase());
    if (token.kind !== "word" && token.kind !== "identifier") continue;
    const name = nameIn(token.text).toLowerCase();
    all.add(name);
    if (token.kind === "identifier") quoted.add(name);
  }
  return { quoted, all };
}

/** Each step's comment stands once, at its first statement. */
function stepsOf(parts: readonly Part[]): Step[] {
  const shown = new Set<Step>();
  const steps: { comment: string; details?: readonly string[]; statements: Statement[] }[] = [];
  for (const part of parts) {
    const fresh = part.steps.filter((step) => !shown.has(step));
    for (const step of fresh) shown.add(step);
    const statement = merged(part);
    if (fresh.length === 0) steps.at(-1)!.statements.push(statement);
    else steps.push({ ...commentOf(fresh), statements: [statement] });
  }
  return steps;
}

function merged({ statement, table, kind, clauses }: Part): Statement {
  if (clauses.length < 2) return statement;
  const head = kind === "alter" ? `ALTER TABLE ${table}` : `UPDATE ${table} SET`;
  return { kind: "sql", sql: `${head} ${clauses.join(", ")}` };
}

/** One comment, and the single changes where there are several: `User: add "age"` without the name of the table. */
function commentOf(steps: readonly Step[]): Pick<Step, "comment" | "details"> {
  const [first] = steps as [Step];
  if (steps.length === 1) return { comment: first.comment, ...(first.details && { details: first.details }) };
  const label = /^[^:]+(?=: )/.exec(first.comment)?.[0];
  const isShared = label !== undefined && steps.every(({ comment }) => comment.startsWith(`${label}: `));
  if (isShared) return { comment: label, details: steps.map(({ comment }) => comment.slice(label.length + 2)) };
  return { comment: "Change a table", details: steps.map(({ comment }) => comment) };
}
