import type { AlterationRules } from "../../schema/merged-alterations";
import { postgresQuoting } from "../../schema/tokens";

/**
 * The order in which PostgreSQL runs the clauses of one ALTER TABLE, whatever their order in the text (`AlterTablePass` in its
 * tablecmds.c): drops, types, new columns, NOT NULL, keys, other constraints and defaults.
 */
const PASSES: readonly RegExp[] = [
  /^DROP (COLUMN|CONSTRAINT) |^ALTER COLUMN "(?:[^"]|"")+" DROP /,
  /^ALTER COLUMN "(?:[^"]|"")+" TYPE /,
  /^ADD COLUMN /,
  /^ALTER COLUMN "(?:[^"]|"")+" SET NOT NULL/,
  /^ADD (CONSTRAINT "(?:[^"]|"")+" )?(UNIQUE|PRIMARY KEY)/,
  /^ADD |^ALTER COLUMN "(?:[^"]|"")+" SET (DEFAULT|GENERATED) /,
];

const NULLABILITY = /^ALTER COLUMN "(?:[^"]|"")+" (SET|DROP) NOT NULL/;
const OF_COLUMN = /^ALTER COLUMN /;

/** RENAME is a statement of its own in PostgreSQL, and so are triggers that are switched off. */
export const alterations: AlterationRules = {
  quoting: postgresQuoting,
  path: /^(?:"(?:[^"]|"")+"\.)?"(?:[^"]|"")+"(?= )/,
  canBeOneOfSeveral: (clause) => passOf(clause) >= 0,
  canJoin(earlier, later) {
    const [before, after] = [passOf(earlier), passOf(later)];
    // Whether a column may be NULL depends neither on its type nor on its default.
    if (OF_COLUMN.test(earlier) && NULLABILITY.test(later)) return !NULLABILITY.test(earlier);
    if (before === after)
      return before === 0 || (before > 3 && (earlier.startsWith("ADD ") || later.startsWith("ADD ")));
    return before < after;
  },
};

function passOf(clause: string): number {
  return PASSES.findIndex((pass) => pass.test(clause));
}
