import { RetortError } from "../errors";
import { didYouMean } from "../suggestion";

export function unknownEntity(name: string, known: readonly string[]): RetortError {
  return new RetortError(
    "metadata/unknown-entity",
    `${name} is not an entity of this DataSource${didYouMean(name, known)}`,
    {
      hint: `known entities: ${known.join(", ") || "none"}`,
    },
  );
}

export function notAnEntity(value: unknown, known: readonly string[]): RetortError {
  return new RetortError("metadata/not-an-entity", `${describe(value)} is not an entity`, {
    hint: known.length > 0 ? `make one with db.create(${known[0]}, { … })` : "the DataSource has no entities",
  });
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "function") return `the class ${value.name} itself`;
  if (typeof value !== "object") return `the ${typeof value} ${String(value)}`;
  const { name } = (value as { constructor?: { name?: string } }).constructor ?? {};
  return !name || name === "Object" ? "a plain object" : `an object of class ${name}`;
}
