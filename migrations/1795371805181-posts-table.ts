// retort: sqlite

import type { MigrationInterface, QueryRunner } from "typeorm";

export class PostsTable1795371805181 implements MigrationInterface {
  name = "PostsTable1795371805181";
  retort = "sqlite";

  async up(queryRunner: QueryRunner): Promise<void> {
    // Create table "post"
    await queryRunner.query(`
      CREATE TABLE "post" (
        "id" integer PRIMARY KEY AUTOINCREMENT NOT NULL,
        "body" varchar(140) NOT NULL,
        "timestamp" datetime NOT NULL DEFAULT (CURRENT_TIMESTAMP),
        "user_id" integer,
        CONSTRAINT "FK_52378a74ae3724bcab44036645b" FOREIGN KEY ("user_id") REFERENCES "user" ("id") ON DELETE NO ACTION ON UPDATE NO ACTION
      )
    `);
    await queryRunner.query(`CREATE INDEX "IDX_1f469063a68c898f81186c0c11" ON "post" ("timestamp")`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    // Drop table "post"
    await queryRunner.query(`DROP TABLE "post"`);
  }
}
