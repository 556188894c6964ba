"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.AppDataSource = void 0;
require("reflect-metadata");
const typeorm_1 = require("typeorm");
exports.AppDataSource = new typeorm_1.DataSource({
    type: "better-sqlite3",
    database: "deployed.sqlite",
    entities: [__dirname + "/entities/*.{js,ts}"],
    migrations: [__dirname + "/migrations/*.{js,ts}"],
});
