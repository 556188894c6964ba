const { EntitySchema } = require("typeorm");

class Guest {
  greeting() {
    return `Hello, ${this.name}!`;
  }
}

module.exports = new EntitySchema({
  name: "Guest",
  target: Guest,
  tableName: "guests",
  columns: {
    id: { type: Number, primary: true, generated: true },
    name: { type: String, unique: true },
    // later: city: { type: String, nullable: true },
  },
  relations: {
    messages: { type: "one-to-many", target: "Message", inverseSide: "guest" },
  },
});
