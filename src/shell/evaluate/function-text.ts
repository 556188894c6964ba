import { childrenOf, type Node } from "../rewrite/ast";
import { parse } from "../rewrite/parse";
import type { Rewritten } from "../rewrite/rope";

/** An input whose functions may be converted to text. */
export interface EvaluatedText {
  readonly rewritten: Rewritten;
}

const native: () => string = Reflect.get(Function.prototype, "toString");

/**
 * Makes `String(f)` give a function as it was typed, not as it was rewritten.
 * @param inputs the inputs, the latest last
 * @returns undoes it
 */
export function showTypedFunctions(inputs: () => Iterable<EvaluatedText>): () => void {
  const texts = new WeakMap<object, string>();
  const own = function toString(this: unknown): string {
    const known = texts.get(this as object);
    if (known !== undefined) return known;
    const text = native.call(this);
    const typed = typedText(text, [...inputs()].reverse()) ?? text;
    texts.set(this as object, typed);
    return typed;
  };
  define(own);
  return () => {
    if (Reflect.get(Function.prototype, "toString") === own) define(native);
  };
}

function define(value: () => string): void {
  Object.defineProperty(Function.prototype, "toString", {
    value,
    configurable: true,
    writable: true,
    enumerable: false,
  });
}

function typedText(text: string, inputs: readonly EvaluatedText[]): string | undefined {
  for (const { rewritten } of inputs) {
    const at = rewritten.code.indexOf(text);
    if (at < 0) continue;
    const start = rewritten.sourceOffset(at);
    const parsed = parse(rewritten.source);
    const node = parsed.status === "complete" ? functionAt(parsed.program, start) : undefined;
    return node && rewritten.source.slice(node.start, node.end);
  }
  return undefined;
}

/** The function, class or method that starts at an offset. */
function functionAt(node: Node, offset: number): Node | undefined {
  if (node.start > offset || node.end <= offset) return undefined;
  const isNamed = node.type === "MethodDefinition" || node.type === "Property";
  if (node.start === offset && (isNamed || /Function|^Class(?!Body)/.test(node.type))) return node;
  for (const child of childrenOf(node)) {
    const found = functionAt(child, offset);
    if (found) return found;
  }
  return undefined;
}
