/** Functions that make functions, by their text. */
const makers = new Map<string, (...given: unknown[]) => unknown>();

/**
 * Makes a function of its text. The same text is compiled once, so that what V8 has learnt of it serves the next DataSource
 * with the same entities too.
 *
 * @param names the names that the text knows, beside those it declares
 * @param given their values, in that order
 * @param text the function, as an expression or a body that returns it
 */
export function compiled<F>(names: readonly string[], given: readonly unknown[], text: string): F {
  const key = `${names.join(",")}|${text}`;
  let make = makers.get(key);
  if (!make) makers.set(key, (make = new Function(...names, text) as (...values: unknown[]) => unknown));
  return make(...given) as F;
}
