import type { EntitySchema } from "typeorm";
import type { GenerateOptions } from "../../../src/migrate/generate/generate";
import { type Columns, entity } from "../../helpers/entities/schemas";

/** What real schemas have and entities cannot say, beside a change of the entities. */
export interface Feature {
  /** Statements before the tables of the entities are created. */
  readonly prepare?: readonly string[];
  /** Statements that create the tables of the entities themselves. */
  readonly create?: readonly string[];
  /** Statements beside these tables, or that change them. */
  readonly sql: readonly string[];
  /** What the entities are before; `gear` when not given. */
  readonly before?: readonly EntitySchema[];
  /** What they are afterwards; `changedGear` when not given. */
  readonly after?: readonly EntitySchema[];
  readonly answers?: GenerateOptions["resolutions"];
  /** The change cannot be made: what the refusal says. */
  readonly refused?: RegExp;
  /** The change cannot be tried on a copy: why. */
  readonly notProven?: RegExp;
  /** What `generate` says that `down` does not restore. Without it, the whole catalog is as before. */
  readonly losses?: RegExp;
}

/** The table beside whose change everything stays. */
export function gear(more: Columns = {}, rest: object = {}): EntitySchema[] {
  return [
    entity(
      "Gear",
      {
        name: { type: "varchar", length: 20 },
        size: { type: "int", nullable: true },
        made: { type: "date", nullable: true },
        ...more,
      },
      rest,
    ),
  ];
}

/** A longer type, a new column, a new index and a new name at once. */
export function changedGear(more: Columns = {}, rest: object = {}): EntitySchema[] {
  return [
    entity(
      "Gear",
      {
        name: { type: "varchar", length: 300 },
        length: { type: "bigint", nullable: true },
        made: { type: "date", nullable: true },
        weight: { type: "int", default: 0 },
        ...more,
      },
      { indices: [{ columns: ["weight"] }], ...rest },
    ),
  ];
}

export const changeAnswers: NonNullable<GenerateOptions["resolutions"]> = { renames: ["Gear.size:length"] };
