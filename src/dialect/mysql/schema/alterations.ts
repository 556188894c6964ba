import type { AlterationRules } from "../../schema/merged-alterations";
import { mysqlQuoting } from "../../schema/tokens";

/** Clauses in the order in which they can follow one another over the same column in one ALTER TABLE. */
const ORDER: readonly RegExp[] = [
  /^DROP (FOREIGN KEY|CONSTRAINT|INDEX|PRIMARY KEY)/,
  /^DROP COLUMN /,
  /^MODIFY COLUMN /,
  /^ADD COLUMN /,
  /^ADD /,
];

const FOREIGN_KEY = /FOREIGN KEY/;

/** Renames and the table's own options stay statements of their own. */
export const alterations: AlterationRules = {
  quoting: mysqlQuoting,
  path: /^(?:`(?:[^`]|``)+`\.)?`(?:[^`]|``)+`(?= )/,
  canBeOneOfSeveral: (clause) => placeOf(clause) >= 0,
  canJoin: (earlier, later) => parts(earlier).every((one) => parts(later).every((other) => canFollow(one, other))),
};

/** The clauses of a text with several: an index of a foreign key is created or dropped with the change that makes it needed or not. */
function parts(text: string): string[] {
  return text.split(/, (?=(?:ADD|DROP) INDEX )/);
}

function canFollow(earlier: string, later: string): boolean {
  const [before, after] = [placeOf(earlier), placeOf(later)];
  // InnoDB does not drop a foreign key and create one of that name in one statement.
  if (FOREIGN_KEY.test(earlier) && FOREIGN_KEY.test(later)) return false;
  if (before === after) return before === 0 || before === 3;
  return before < after;
}

function placeOf(clause: string): number {
  return ORDER.findIndex((pass) => pass.test(clause));
}
