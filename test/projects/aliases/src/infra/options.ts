import { Post } from "@domain/blog/post.entity";
import { Tag } from "@domain/blog/tag.entity";
import type { DataSourceOptions } from "typeorm";

export const options: DataSourceOptions = {
  type: "better-sqlite3",
  database: "blog.sqlite",
  entities: [Post, Tag],
  migrations: ["src/infra/migrations/*.ts", "dist/infra/migrations/*.js"],
};
