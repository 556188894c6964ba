import type { EntitySchema } from "typeorm";
import type { DatabaseName } from "../helpers/databases";
import { answersFor } from "./changes";
import { type Design, KINDS, entitiesOf } from "./design";

interface ServerWords {
  quote(name: string): string;
  value(kind: keyof typeof KINDS, row: number): string;
  entities(design: Design): EntitySchema[];
  answers(before: Design, after: Design): ReturnType<typeof answersFor>;
}

type Options = Record<string, unknown> & { type?: unknown };

interface Vocabulary {
  readonly quote: (name: string) => string;
  readonly types: Readonly<Record<string, string>>;
  readonly bytes: (hex: string) => string;
  readonly concatenated: (text: string, column: string) => string;
  /** Kinds whose columns can be in an index. */
  readonly isIndexed: (column: Options) => boolean;
  readonly canFilter: boolean;
  readonly onlyStored: boolean;
}

/** The designs, which speak as SQLite does, in the words of the servers. */
export const WORDS: Record<Exclude<DatabaseName, "sqlite">, ServerWords> = {
  postgres: wordsOf({
    quote: (name) => `"${name.replaceAll('"', '""')}"`,
    types: { datetime: "timestamp", blob: "bytea", double: "double precision", "simple-enum": "enum", json: "jsonb" },
    bytes: (hex) => `'\\x${hex}'::bytea`,
    concatenated: (text, column) => `'${text}' || ${column}`,
    isIndexed: () => true,
    canFilter: true,
    onlyStored: true,
  }),
  mariadb: wordsOf({
    quote: (name) => `\`${name.replaceAll("`", "``")}\``,
    types: { "simple-enum": "enum", text: "varchar" },
    bytes: (hex) => `x'${hex}'`,
    concatenated: (text, column) => `concat('${text}', ${column})`,
    isIndexed: ({ type }) => !["blob", "json", "simple-json", "simple-array"].includes(String(type)),
    canFilter: false,
    onlyStored: false,
  }),
};

function wordsOf(words: Vocabulary): ServerWords {
  const { quote } = words;
  const inOwnQuotes = (sql: string) =>
    sql.replace(/"((?:[^"]|"")*)"/g, (_, name: string) => quote(name.replaceAll('""', '"')));
  const value = (kind: keyof typeof KINDS, row: number) =>
    kind === "flag" ? String(row % 2 === 1) : kind === "bytes" ? words.bytes(`0${row % 10}`) : KINDS[kind].value(row);

  const column = (options: Options): Options => ({
    ...options,
    type: words.types[options.type as string] ?? options.type,
    ...(typeof options["default"] === "function" && { default: expression((options["default"] as () => string)()) }),
    ...(typeof options["asExpression"] === "string" && {
      asExpression: inOwnQuotes(options["asExpression"]),
      generatedType: words.onlyStored ? "STORED" : options["generatedType"],
    }),
  });
  const expression = (sql: string) => () => {
    const hex = /^x'(.*)'$/.exec(sql)?.[1];
    if (hex !== undefined) return hex === "" ? words.bytes("00") : words.bytes(hex);
    return sql === "1 + 2" ? "(1 + 2)" : "CURRENT_TIMESTAMP";
  };
  /** SQLite compares anything with anything. */
  const check = (sql: string) => {
    const own = quote(/"((?:[^"]|"")*)"/.exec(sql)![1]!.replaceAll('""', '"'));
    if (sql.startsWith("max")) return `greatest(abs(1),abs(2)) < 10 AND (${own} IS NULL OR 1 < 2)`;
    return sql.includes("\n") ? `${own} IS NULL\n  OR ${own} IS NOT NULL` : `${own} IS NULL OR 'a' <> 'never, (ever'`;
  };

  const entities = (one: Design) =>
    entitiesOf(one).map((schema) => {
      const options = schema.options as unknown as Record<string, any>;
      options["columns"] = Object.fromEntries(
        Object.entries(options["columns"] as Record<string, Options>).map(([name, own]) => [name, column(own)]),
      );
      options["withoutRowid"] = undefined;
      if (options["expression"]) options["expression"] = inOwnQuotes(options["expression"] as string);
      options["checks"] = (options["checks"] as { expression: string }[] | undefined)?.map((own) => ({
        expression: check(own.expression),
      }));
      const columns = options["columns"] as Record<string, Options>;
      options["indices"] = (options["indices"] as { columns: string[]; where?: string }[] | undefined)
        ?.filter((index) => index.columns.every((name) => words.isIndexed(columns[name]!)))
        .map((index) => ({ ...index, where: words.canFilter ? index.where : undefined }));
      return schema;
    });

  const answers = (before: Design, after: Design) => {
    const given = answersFor(before, after);
    const backfills = given.backfills.map((answer) => {
      const [, subject, sql] = /^(.*?)=\((.*)\)$/s.exec(answer)!;
      if (sql!.startsWith("'filled")) return `${subject}=(${words.concatenated("filled ", quote("id"))})`;
      // A dropped column is named with the new name of its table.
      const renamed = before.tables.map((table) => ({
        ...table,
        name: after.tables.find(({ id }) => id === table.id)?.name ?? table.name,
      }));
      const own = [...after.tables, ...renamed]
        .flatMap((table) => table.columns.map((column) => ({ subject: `${table.name}.${column.name}`, ...column })))
        .find((column) => column.subject === subject);
      const isOther = own && ["flag", "bytes"].includes(own.kind);
      return `${subject}=(${isOther ? value(own.kind, 1) : inOwnQuotes(sql!)})`;
    });
    return { ...given, backfills };
  };

  return { quote, value, entities, answers };
}
