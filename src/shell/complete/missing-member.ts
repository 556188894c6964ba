import type * as acorn from "acorn";
import { nearest } from "../../suggestion";
import { candidatesOf } from "./members";
import { descriptorOf, Inference, type Type } from "./types";
import type { ShellContext } from "../context";

/**
 * A message where an input reads a member that does not exist, for which JavaScript gives `undefined`, or sets one whose name
 * is close to that of a column. Found by types: nothing is run.
 */
export function missingMember(text: string, shell: ShellContext): string | undefined {
  const parsed = shell.evaluator.parse(text);
  const last = parsed.status === "complete" ? parsed.program.body.at(-1) : undefined;
  if (last?.type !== "ExpressionStatement") return undefined;
  const { expression } = last;
  const isSet = expression.type === "AssignmentExpression";
  const member = memberOf(isSet ? expression.left : expression);
  if (!member) return undefined;
  const type = new Inference(shell).of(member.object);
  const owner = ownerOf(type);
  const names = candidatesOf(type, shell).map((candidate) => candidate.text);
  const { name } = member.property as acorn.Identifier;
  if (owner === undefined || names.includes(name)) return undefined;
  const near = nearest(name, names);
  const meant = near === undefined ? "" : `; did you mean "${near}"?`;
  if (isSet) return type.kind === "entity" && near ? `${owner} has no column "${name}"${meant}` : undefined;
  return exists(member.object, name, shell) ? undefined : `undefined: ${owner} has no "${name}"${meant}`;
}

function memberOf(node: acorn.AnyNode): acorn.MemberExpression | undefined {
  if (node.type === "ChainExpression") return memberOf(node.expression);
  return node.type === "MemberExpression" && !node.computed && node.property.type === "Identifier" ? node : undefined;
}

/** The name of an object whose members are all known. */
function ownerOf(type: Type): string | undefined {
  switch (type.kind) {
    case "class":
    case "entity":
      return type.model.name;
    case "query":
      return `a query of ${type.model.name}`;
    case "collection":
      return `a collection of ${type.model.name}`;
    case "list":
      return "a list";
    case "session":
      return "the session";
    case "database":
      return "db";
    default:
      return undefined;
  }
}

/** Whether the member exists with the value undefined: a field of the class that is not a column. */
function exists(object: acorn.AnyNode, name: string, shell: ShellContext): boolean {
  const peeked = object.type === "Identifier" ? shell.evaluator.peek(object.name) : undefined;
  return peeked !== undefined && descriptorOf(peeked.value, name) !== undefined;
}
