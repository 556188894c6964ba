import type * as acorn from "acorn";
import { parse } from "./parse";

/** A member access as it was typed: `User.query` and `filtrBy`. */
export interface MemberAccess {
  readonly object: string | undefined;
  readonly name: string;
}

/**
 * The member access at an offset of a text.
 * @param name the name of the member, where it is known: V8 may give the offset of the whole expression then
 */
export function accessAt(text: string, offset: number, name?: string): MemberAccess | undefined {
  const parsed = parse(text);
  if (parsed.status !== "complete") return undefined;
  const moved = parsed.source.length === text.length ? 0 : 1;
  const at = offset + moved;
  const furthest = name === undefined ? 1 : Infinity;
  let found: { access: MemberAccess; distance: number } | undefined;
  const visit = (node: acorn.AnyNode): void => {
    if (node.type === "MemberExpression" && !node.computed) {
      // V8 gives the offset of the dot, the property, or the whole expression.
      const distance = Math.min(Math.abs(node.property.start - at), Math.abs(node.property.start - 1 - at));
      const access = {
        object: parsed.source.slice(node.object.start, node.object.end),
        name: parsed.source.slice(node.property.start, node.property.end),
      };
      const isMeant = distance <= furthest && (name === undefined || access.name === name);
      if (isMeant && (!found || distance < found.distance)) found = { access, distance };
    }
    for (const value of Object.values(node) as unknown[]) {
      for (const item of Array.isArray(value) ? value : [value]) {
        if (item && typeof (item as acorn.AnyNode).type === "string") visit(item as acorn.AnyNode);
      }
    }
  };
  visit(parsed.program);
  return found?.access;
}
