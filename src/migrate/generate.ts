import fs from "node:fs";
import path from "node:path";
import type { Plan, Statement, Step } from "../dialect/schema/dialect";
import { spoken } from "../dialect/schema/model";
import { type Operation, reverseAll } from "../dialect/schema/operation";
import { describe } from "../dialect/schema/words";
import { type Answers, type Ask, Inquiry } from "./answers";
import type { MigrationContext } from "./context";
import { type Difference, answeredDifference, readSchemas } from "./difference";
import { classNameOf, fileNameOf, renderFile } from "./file";
import { fileExists, pendingMigrations } from "./generate-errors";
import { type Proof, prove } from "./proof";

export interface GenerateOptions {
  /** What the migration is called; without it, after what it does. */
  readonly name?: string | undefined;
  readonly answers?: Answers;
  /** Asks at a terminal what the answers leave open. Without it, what is open is an error that lists the flags. */
  readonly ask?: Ask;
  /** Names of the migrations that are not applied yet: with any, nothing is generated. */
  readonly pending?: readonly string[];
  /** A timestamp (milliseconds) that the new one must come after, besides those of the files in the folder. */
  readonly after?: number;
  /** Give the text, write nothing. */
  readonly dryRun?: boolean;
}

export type GenerateResult =
  | { readonly status: "unchanged" }
  | {
      readonly status: "written" | "shown";
      readonly className: string;
      readonly timestamp: number;
      /** Absolute. */
      readonly file: string;
      readonly text: string;
      /** What the migration does, a line a step. */
      readonly steps: readonly string[];
      /** What `down` cannot bring back, a line each. */
      readonly losses: readonly string[];
      readonly proof: Proof;
    };

/**
 * Writes a migration that makes the database what the entities want, after it was tried up and down on a scratch copy.
 * `context.dataSource` must be initialised (`openDataSource`).
 *
 * @throws migrate/pending, migrate/unanswered, migrate/useless-answer, migrate/entities, migrate/proof
 */
export async function generate(context: MigrationContext, options: GenerateOptions = {}): Promise<GenerateResult> {
  if (options.pending && options.pending.length > 0) throw pendingMigrations(options.pending);
  const schemas = await readSchemas(context);
  const difference = await answeredDifference(context, schemas, new Inquiry(options.answers ?? {}, options.ask));
  if (difference.operations.length === 0) return { status: "unchanged" };

  const { up, down } = plans(difference);
  const timestamp = nextTimestamp(context.folder, options.after);
  const name = options.name ?? nameFor(difference.operations);
  const className = classNameOf(name, timestamp);
  const proof = await prove(context, { difference, up, down, className });

  const file = path.join(context.folder, fileNameOf(name, timestamp, context));
  const text = renderFile({ className, up: up.steps, down: down.steps }, context);
  if (!options.dryRun) write(file, text);
  return {
    status: options.dryRun ? "shown" : "written",
    className,
    timestamp,
    file,
    text,
    steps: up.steps.map(({ comment }) => comment),
    losses: losses(difference.operations),
    proof,
  };
}

/** Both ways as statements. */
function plans({ actual, operations, dialect }: Difference): { up: Plan; down: Plan } {
  const up = dialect.plan(actual, operations);
  const back = reverseAll(operations);
  const down = dialect.plan(up.schema, back, actual);
  return { up, down: { ...down, steps: [...back.flatMap((operation) => refusal(operation, operations, dialect)), ...down.steps] } };
}

/** A column that comes back NOT NULL without a default has no values for the rows that are there. */
function refusal(operation: Operation, operations: readonly Operation[], dialect: Difference["dialect"]): Step[] {
  if (operation.kind !== "addColumn" || operation.backfill !== undefined) return [];
  const { column, table } = operation;
  if (column.nullable || column.default !== undefined || column.generated || column.increment) return [];
  const renamed = operations.find((other) => other.kind === "renameTable" && other.from.name === table.name);
  const now = renamed?.kind === "renameTable" ? renamed.to : table;
  const message = `${spoken(table).slice(1, -1)}.${column.name} was NOT NULL and its values are gone: with rows in the table, write here what they get`;
  const statement: Statement = { kind: "refuse", query: dialect.count(now), message };
  return [{ comment: `The values of "${column.name}" are gone: nothing could be put back into the rows that are there`, statements: [statement] }];
}

function losses(operations: readonly Operation[]): string[] {
  return operations.flatMap((operation) => {
    if (operation.kind === "dropTable")
      return [`down makes table ${spoken(operation.table)} again, without its rows${operation.rows ? ` (${operation.rows})` : ""}`];
    if (operation.kind === "dropColumn" && !operation.column.generated)
      return [`down makes "${operation.column.name}" of ${spoken(operation.table)} again, without its values`];
    if (operation.kind === "alterColumn" && (operation.backfill !== undefined || operation.replaced))
      return [`down leaves the values that were put into "${operation.after.name}" of ${spoken(operation.table)}`];
    return [];
  });
}

function nameFor(operations: readonly Operation[]): string {
  const [first] = operations;
  const created = operations.filter((operation) => operation.kind === "createTable");
  if (created.length > 0) return `create ${created.map(({ table }) => table.name).join(" and ")}`.slice(0, 60);
  if (operations.length === 1) return describe(first!).replace(/\(.*$/, "").slice(0, 60);
  const tables = new Set(operations.flatMap((operation) => ("table" in operation ? [operation.table.name] : [])));
  return `change ${[...tables].join(" and ") || "schema"}`.slice(0, 60);
}

/** Now, or just after the newest there is. */
export function nextTimestamp(folder: string, after = 0): number {
  const files = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  const used = files.map((file) => Number(/^(\d{13})/.exec(file)?.[1] ?? 0));
  return Math.max(Date.now(), after + 1, ...used.map((timestamp) => timestamp + 1));
}

function write(file: string, text: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  try {
    fs.writeFileSync(file, text, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw fileExists(file);
    throw error;
  }
}
