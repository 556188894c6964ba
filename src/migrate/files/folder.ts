import path from "node:path";

/** The default folder of migration files, relative to the project's folder. */
const DEFAULT_FOLDER = "migrations";

/**
 * The folder for new migration files, absolute: the one in the settings, or where the DataSource's
 * `migrations` patterns point, so that new files match them.
 */
export function migrationFolder(declared: readonly unknown[], root: string, named: string | undefined): string {
  if (named !== undefined) return path.resolve(root, named);
  const patterns = declared.filter((entry): entry is string => typeof entry === "string");
  const fitting = patterns.find((pattern) => /\.[cm]?ts$|[,{][cm]?ts\b/.test(pattern)) ?? patterns[0];
  return path.resolve(root, fitting === undefined ? DEFAULT_FOLDER : fixedPart(fitting));
}

/** `src/migrations/*.ts` and `src/migrations/**` → `src/migrations`. */
function fixedPart(pattern: string): string {
  const parts = pattern.replaceAll("\\", "/").split("/");
  const first = parts.findIndex((part) => /[*?{}[\]()!]/.test(part));
  const fixed = first < 0 ? parts.slice(0, -1) : parts.slice(0, first);
  return fixed.join("/") || (pattern.startsWith("/") ? "/" : ".");
}
