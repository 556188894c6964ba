import type { Sitting } from "../sitting";

/** What may stand after `expression.`; types are asked, nothing is run. */
export function membersOf(expression: string, sitting: Sitting): string[] {
  void expression;
  void sitting;
  return [];
}
