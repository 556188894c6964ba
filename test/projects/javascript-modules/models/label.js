import { EntitySchema } from "typeorm";

export default new EntitySchema({
  name: "Label",
  columns: { word: { type: "varchar", primary: true } },
});
