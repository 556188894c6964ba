import { childrenOf, isKeywordArgument, type Node } from "../rewrite/ast";
import { declaredNames } from "../rewrite/patterns";

/** Names that are assigned without a declaration around them. */
export function undeclared(node: Node, bound: ReadonlySet<string>): string[] {
  const isFunction = /^(Function|Arrow)/.test(node.type);
  const inside = isFunction ? new Set([...bound, ...declaredNames(node)]) : bound;
  const targets: Node[] =
    node.type === "AssignmentExpression"
      ? [node.left]
      : node.type === "UpdateExpression"
        ? [node.argument]
        : (node.type === "ForOfStatement" || node.type === "ForInStatement") && node.left.type !== "VariableDeclaration"
          ? [node.left as Node]
          : [];
  const names = targets
    .filter((target) => target.type !== "MemberExpression")
    .flatMap((target) => declaredNames(target));
  return [
    ...names.filter((name) => !inside.has(name)),
    ...childrenOf(node)
      .filter((child) => node.type !== "CallExpression" || !isKeywordArgument(child))
      .flatMap((child) => undeclared(child, inside)),
  ];
}
