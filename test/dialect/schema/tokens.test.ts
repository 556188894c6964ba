import { mentions, postgresQuoting, renamedIn } from "../../../src/dialect/schema/tokens";

const renamed = (expression: string, from: string) => renamedIn(expression, from, "new", (name) => `"${name}"`);

test.each([
  ["end", `CASE WHEN start > 0 THEN 1 ELSE "end" END = 1`, `CASE WHEN start > 0 THEN 1 ELSE "new" END = 1`],
  ["end", "case when a then end else end end > end", `case when a then "new" else "new" end > "new"`],
  ["end", "CASE end WHEN 1 THEN 2 END IS NOT NULL", `CASE "new" WHEN 1 THEN 2 END IS NOT NULL`],
  ["end", "(end DESC, other)", `("new" DESC, other)`],
  ["desc", `(a DESC, "desc" DESC, desc)`, `(a DESC, "new" DESC, "new")`],
  ["like", "like LIKE 'x%' ESCAPE '!' AND a NOT LIKE like", `"new" LIKE 'x%' ESCAPE '!' AND a NOT LIKE "new"`],
  ["glob", `a GLOB b OR NOT "glob"`, `a GLOB b OR NOT "new"`],
  ["match", "a IS NOT match", `a IS NOT "new"`],
  ["integer", "CAST(integer AS integer) > 0", `CAST("new" AS integer) > 0`],
  ["nocase", "nocase COLLATE nocase = 'a' COLLATE NOCASE", `"new" COLLATE nocase = 'a' COLLATE NOCASE`],
  ["isnull", "a ISNULL AND isnull NOTNULL", `a ISNULL AND "new" NOTNULL`],
  ["lower", "lower(lower) = 'lower'", `lower("new") = 'lower'`],
])("a column %s is renamed in %s, and the keyword is not", (from, expression, expected) => {
  expect(renamed(expression, from)).toBe(expected);
});

test("a keyword is no mention of the column that is called like it", () => {
  expect(mentions("CASE WHEN a THEN 1 END", "end")).toBe(false);
  expect(mentions(`CASE WHEN a THEN "end" END`, "end")).toBe(true);
  expect(mentions("SELECT o.id FROM orders o JOIN items i ON i.order_id = o.id", "items", postgresQuoting)).toBe(true);
  expect(mentions(`SELECT a AS "items" FROM orders`, "items", postgresQuoting)).toBe(false);
});
