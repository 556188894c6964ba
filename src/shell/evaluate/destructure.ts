import { isAwaitable } from "../../query/awaitable";
import { isObject } from "../../values";

/** What a destructuring pattern reads: properties by name, elements by index. */
export type Shape = 0 | 1 | readonly Shape[] | { readonly [name: string]: Shape };

/** A value whose parts that a shape names are awaited; a promise only where one of them is. */
export function settleParts(value: unknown, shape: Shape): unknown {
  if (isObject(value) && isAwaitable(value)) {
    return Promise.resolve(value).then((settled) => settleParts(settled, shape));
  }
  if (typeof shape !== "object" || value === null || typeof value !== "object") return value;
  if (Array.isArray(shape) && !Array.isArray(value)) return value;
  const settled = Object.entries(shape).flatMap(([name, inner]: [string, Shape]) => {
    const part = (value as Record<string, unknown>)[name];
    const parts = settleParts(part, inner);
    return parts === part ? [] : [[name, parts] as const];
  });
  if (settled.length === 0) return value;
  const needsAwait = settled.some(([, part]) => isAwaitable(part));
  const replaced = needsAwait
    ? Promise.all(settled.map(([, part]) => part)).then((parts) =>
        settled.map(([name], index) => [name, parts[index]] as const),
      )
    : settled;
  return replaced instanceof Promise ? replaced.then((parts) => withParts(value, parts)) : withParts(value, replaced);
}

/** The same value, with some of its properties replaced. */
function withParts(value: object, parts: readonly (readonly [string, unknown])[]): object {
  const copy: object = Array.isArray(value)
    ? [...(value as unknown[])]
    : (Object.create(Object.getPrototypeOf(value) as object | null, enumerable(value)) as object);
  for (const [name, part] of parts) {
    Object.defineProperty(copy, name, { value: part, enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

function enumerable(value: object): PropertyDescriptorMap {
  return Object.fromEntries(
    Object.entries(Object.getOwnPropertyDescriptors(value)).filter(([, own]) => own.enumerable),
  );
}
