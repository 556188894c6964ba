import { notHere } from "../errors";
import { membersOf } from "../complete/members";
import { NAMES, QUERY, SESSION, type Explained } from "../complete/vocabulary";
import { drawPairs } from "../print/table";
import { wrapped } from "../print/width";
import type { Repl } from "../repl";
import { describeEntity } from "./schema";

/** What a name is: an entity, a method of a query or of the session, a name at the prompt. */
export function explanation(text: string, sitting: Repl): string[] {
  const name = text.replace(/\(.*$/s, "").trim();
  const entity = sitting.entityNames.find((candidate) => candidate.name === name);
  if (entity) return describeEntity(entity, sitting);
  const column = columnOf(name, sitting);
  if (column) return column;
  const dot = name.lastIndexOf(".");
  if (dot < 0) {
    const explained = NAMES[name];
    if (explained) return shown(explained, sitting);
  } else {
    const [owner, member] = [name.slice(0, dot), name.slice(dot + 1)];
    const isEntity = sitting.entityNames.some((candidate) => candidate.name === owner);
    if (isEntity && member === "query") return shown(queryOf(owner), sitting);
    const explained = /(^|\.)session$/.test(owner) ? SESSION[member] : (QUERY[member] ?? SESSION[member]);
    if (explained) return shown(explained, sitting);
  }
  const members = membersOf(name, sitting);
  if (members.length > 0) return [`${sitting.theme.strong(name)} has ${members.join(", ")}`];
  throw notHere(`nothing is known of ${name}`, ".help");
}

function shown({ signature, says, example }: Explained, { theme, width }: Repl): string[] {
  const [first, ...more] = wrapped(`${signature}  ${says}`, Math.max(width - 2, signature.length));
  return [
    `${theme.strong(signature)}${first!.slice(signature.length)}`,
    ...more.map((line) => `  ${line}`),
    ...drawPairs([{ name: "example", text: example }], theme),
  ];
}

function queryOf(name: string): Explained {
  return {
    signature: `${name}.query`,
    says: `a query of every row of ${name}; it asks when rows are wanted: .all(), .first(), .get(key), .count() …`,
    example: `${name}.query.orderBy('id').limit(5).all()`,
  };
}

/** `User.username`. */
function columnOf(name: string, sitting: Repl): string[] | undefined {
  const [owner, ...path] = name.split(".");
  const entity = sitting.entityNames.find((candidate) => candidate.name === owner);
  const property = (path[0] === "c" ? path.slice(1) : path).join(".");
  if (!entity || property === "") return undefined;
  const known =
    entity.model.columns.some((column) => column.property === property) ||
    entity.model.relations.some((relation) => relation.property === property);
  if (!known) return undefined;
  return describeEntity(entity, sitting).filter((line, index) => index < 2 || plainWords(line).includes(property));
}

function plainWords(line: string): string[] {
  return line.replace(/\x1b\[\d+m/g, "").split(/[\s│]+/);
}
