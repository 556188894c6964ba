const { DataSource } = require("typeorm");

module.exports = {
  guestbook: new DataSource({
    type: "better-sqlite3",
    database: "guestbook.sqlite",
    entities: ["entities/*.js"],
    migrations: ["migrations/*.js"],
  }),
};
