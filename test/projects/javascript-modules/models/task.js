import { EntitySchema } from "typeorm";

export default new EntitySchema({
  name: "Task",
  columns: {
    id: { type: "integer", primary: true, generated: "increment" },
    title: { type: "text" },
    isDone: { type: "boolean", name: "is_done", default: false },
    // later: due: { type: "date", nullable: true },
  },
  relations: { labels: { type: "many-to-many", target: "Label", joinTable: { name: "task_labels" } } },
});
