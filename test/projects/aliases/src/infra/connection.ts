import "reflect-metadata";
import { options } from "@infra/options";
import { DataSource } from "typeorm";

export default new DataSource(options);
