/** The first line of a text, blank lines before it left out. */
export function firstLine(text: string): string {
  return text.trim().split(/\r?\n/, 1)[0]!;
}

/** `1 row`, `3 rows`; a plural that is not made with an "s" is given as `many`. */
export function pluralize(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A pattern in which `*` stands for any characters; case does not matter. */
export function wildcard(pattern: string): RegExp {
  const literals = pattern.split("*").map((literal) => literal.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literals.join(".*")}$`, "i");
}
