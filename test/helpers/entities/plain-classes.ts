import { EntitySchema } from "typeorm";

/*
 * Classes without decorators, mapped with EntitySchema. They declare their fields only: an object has no property before it is set.
 */

/** One side of a one-to-many relation. */
export class Sheet {
  declare id: number;
  declare name: string;
  declare lines: Line[];
}

/** The other side, with the foreign key. */
export class Line {
  declare id: number;
  declare text: string;
  declare sheet: Sheet | null;
}

/** A generated key, as the columns of an EntitySchema have it. */
export const id = { type: Number, primary: true, generated: true } as const;

export const sheets = [
  new EntitySchema<Sheet>({
    name: "Sheet",
    target: Sheet,
    columns: { id, name: { type: String } },
    relations: { lines: { type: "one-to-many", target: () => Line, inverseSide: "sheet" } },
  }),
  new EntitySchema<Line>({
    name: "Line",
    target: Line,
    columns: { id, text: { type: String } },
    relations: { sheet: { type: "many-to-one", target: () => Sheet, inverseSide: "lines" } },
  }),
];
