import type * as acorn from "acorn";
import { nearest } from "../../suggestion";
import { candidatesOf } from "./members";
import { descriptorOf, Inference, type Type } from "./types";
import type { Repl } from "../repl";

/**
 * What to say when the last thing in an input reads a member that does not exist, which JavaScript answers with a mere
 * `undefined`, or sets one that is nearly the name of a column. Types are asked, nothing is run; undefined where there is
 * nothing to say.
 */
export function missingMember(text: string, sitting: Repl): string | undefined {
  const parsed = sitting.evaluator.parse(text);
  const last = parsed.status === "whole" ? parsed.program.body.at(-1) : undefined;
  if (last?.type !== "ExpressionStatement") return undefined;
  const { expression } = last;
  const isSet = expression.type === "AssignmentExpression";
  const member = memberOf(isSet ? expression.left : expression);
  if (!member) return undefined;
  const type = new Inference(sitting).of(member.object);
  const owner = ownerOf(type);
  const names = candidatesOf(type, sitting).map((candidate) => candidate.text);
  const { name } = member.property as acorn.Identifier;
  if (owner === undefined || names.includes(name)) return undefined;
  const near = nearest(name, names);
  const meant = near === undefined ? "" : `; did you mean "${near}"?`;
  if (isSet) return type.kind === "entity" && near ? `${owner} has no column "${name}"${meant}` : undefined;
  return isThere(member.object, name, sitting) ? undefined : `undefined: ${owner} has no "${name}"${meant}`;
}

function memberOf(node: acorn.AnyNode): acorn.MemberExpression | undefined {
  if (node.type === "ChainExpression") return memberOf(node.expression);
  return node.type === "MemberExpression" && !node.computed && node.property.type === "Identifier" ? node : undefined;
}

/** What the types know all members of. */
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

/** Whether it is there, and merely undefined: a field of the class that is no column. */
function isThere(object: acorn.AnyNode, name: string, sitting: Repl): boolean {
  const held = object.type === "Identifier" ? sitting.evaluator.peek(object.name) : undefined;
  return held !== undefined && descriptorOf(held.value, name) !== undefined;
}
