"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.Invoices1700000000000 = void 0;
class Invoices1700000000000 {
    name = "Invoices1700000000000";
    async up(queryRunner) {
        await queryRunner.query(`CREATE TABLE "invoice" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "number" varchar(20) NOT NULL, CONSTRAINT "UQ_60284980bc8b9c624459948f4ac" UNIQUE ("number"))`);
    }
    async down(queryRunner) {
        await queryRunner.query(`DROP TABLE "invoice"`);
    }
}
exports.Invoices1700000000000 = Invoices1700000000000;
