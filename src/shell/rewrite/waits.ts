import { childrenOf, isFunction, type Node } from "./ast";
import { shapeOf } from "./patterns";

/** Nodes whose values may have to be awaited, and loops, which yield to the event loop. */
const WAITING = new Set([
  "AwaitExpression",
  "CallExpression",
  "DoWhileStatement",
  "ForInStatement",
  "ForOfStatement",
  "ForStatement",
  "ImportExpression",
  "MemberExpression",
  "NewExpression",
  "SpreadElement",
  "TaggedTemplateExpression",
  "WhileStatement",
]);

/** Whether code may have to wait, functions inside it aside: each waits by itself. */
export function mayWait(node: Node): boolean {
  if (WAITING.has(node.type)) return true;
  if (isFunction(node)) return false;
  if (node.type === "VariableDeclarator" && shapeOf(node.id) !== undefined) return true;
  if (node.type === "AssignmentExpression" && shapeOf(node.left) !== undefined) return true;
  // Fields and static blocks cannot wait; what a class extends and the names of its members can.
  if (node.type === "ClassBody")
    return node.body.some((member) => "key" in member && member.computed && mayWait(member.key));
  return childrenOf(node).some(mayWait);
}
