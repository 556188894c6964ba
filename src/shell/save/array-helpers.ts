/*
 * Array methods that await their callbacks, for saved scripts. A script contains those that it uses.
 */

const METHODS: Readonly<Record<string, string>> = {
  map: "async map(list, f) { const all = []; for (const [i, x] of [...list].entries()) all.push(await f(x, i, list)); return all; }",
  flatMap:
    "async flatMap(list, f) { const all = []; for (const [i, x] of [...list].entries()) all.push(await f(x, i, list)); return all.flat(); }",
  forEach: "async forEach(list, f) { for (const [i, x] of [...list].entries()) await f(x, i, list); }",
  filter:
    "async filter(list, f) { const all = []; for (const [i, x] of [...list].entries()) if (await f(x, i, list)) all.push(x); return all; }",
  some: "async some(list, f) { for (const [i, x] of [...list].entries()) if (await f(x, i, list)) return true; return false; }",
  every:
    "async every(list, f) { for (const [i, x] of [...list].entries()) if (!(await f(x, i, list))) return false; return true; }",
  find: "async find(list, f) { for (const [i, x] of [...list].entries()) if (await f(x, i, list)) return x; return undefined; }",
  findIndex:
    "async findIndex(list, f) { for (const [i, x] of [...list].entries()) if (await f(x, i, list)) return i; return -1; }",
  findLast:
    "async findLast(list, f) { for (let i = list.length - 1; i >= 0; i--) if (await f(list[i], i, list)) return list[i]; return undefined; }",
  findLastIndex:
    "async findLastIndex(list, f) { for (let i = list.length - 1; i >= 0; i--) if (await f(list[i], i, list)) return i; return -1; }",
  reduce:
    "async reduce(list, f, ...first) { const all = [...list]; let sum = first.length ? first[0] : all.shift(); for (const x of all) sum = await f(sum, x); return sum; }",
  reduceRight:
    "async reduceRight(list, f, ...first) { const all = [...list].reverse(); let sum = first.length ? first[0] : all.shift(); for (const x of all) sum = await f(sum, x); return sum; }",
  toSorted:
    "async toSorted(list, compare) { const all = []; for (const x of list) { let i = all.length; while (i > 0 && (await compare(all[i - 1], x)) > 0) i--; all.splice(i, 0, x); } return all; }",
  sort: "async sort(list, compare) { const all = await sequential.toSorted(list, compare); all.forEach((x, i) => (list[i] = x)); return list; }",
  /** Loads relations that are about to be destructured. */
  loaded: "async loaded(object, ...names) { for (const name of names) await object[name]; return object; }",
};

/** Whether there is a helper for an array method. */
export function hasArrayHelper(method: string): boolean {
  return method !== "loaded" && Object.hasOwn(METHODS, method);
}

/** The declaration of `sequential` with these methods. */
export function arrayHelpersText(used: ReadonlySet<string>): string {
  const needed = new Set([...used, ...(used.has("sort") ? ["toSorted"] : [])]);
  const methods = Object.entries(METHODS).flatMap(([name, text]) => (needed.has(name) ? [`  ${text},`] : []));
  return [
    "/** Array methods that await their callbacks, one after the other. */",
    "const sequential: any = {",
    ...methods,
    "};",
  ].join("\n");
}
