const { EntitySchema } = require("typeorm");

module.exports = new EntitySchema({
  name: "Message",
  tableName: "messages",
  columns: {
    id: { type: Number, primary: true, generated: true },
    text: { type: "text" },
  },
  relations: {
    guest: {
      type: "many-to-one",
      target: "Guest",
      joinColumn: { name: "guest_id" },
      inverseSide: "messages",
      nullable: false,
    },
  },
});
