"use strict";
const data_source_1 = require("./data-source");
void data_source_1.AppDataSource.initialize().then(() => require("node:http").createServer().listen(3000));
