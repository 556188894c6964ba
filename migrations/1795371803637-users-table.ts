// retort: sqlite

import type { MigrationInterface, QueryRunner } from "typeorm";

export class UsersTable1795371803637 implements MigrationInterface {
  name = "UsersTable1795371803637";
  retort = "sqlite";

  async up(queryRunner: QueryRunner): Promise<void> {
    // Create table "user"
    await queryRunner.query(`
      CREATE TABLE "user" (
        "id" integer PRIMARY KEY AUTOINCREMENT NOT NULL,
        "username" varchar(64) NOT NULL,
        "email" varchar(120) NOT NULL,
        "password_hash" varchar(128)
      )
    `);
    await queryRunner.query(`CREATE UNIQUE INDEX "IDX_78a916df40e02a9deb1c4b75ed" ON "user" ("username")`);
    await queryRunner.query(`CREATE UNIQUE INDEX "IDX_e12875dfb3b1d92d7d7c5377e2" ON "user" ("email")`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    // Drop table "user"
    await queryRunner.query(`DROP TABLE "user"`);
  }
}
