import { DataSource } from "typeorm";
import { connect } from "../../src";
import { eachDatabase } from "../helpers/databases";
import { bare } from "../helpers/entities/schemas";

const Item = bare(
  "Item",
  { id: { type: Number, primary: true }, pages: { type: Number } },
  { checks: [{ name: "some_pages", expression: "pages > 0" }] },
);

/** mysql2 calls MariaDB's error 4025 ER_INNODB_AUTOEXTEND_SIZE_OUT_OF_RANGE, which says nothing of a check. */
eachDatabase((kind) => {
  test("a row that does not meet a check is told as that", async () => {
    const { options } = await kind.create();
    const dataSource = new DataSource({ ...options, entities: [Item], synchronize: true } as never);
    await dataSource.initialize();
    // TypeORM makes no checks there.
    if (kind.name === "mariadb") await dataSource.query("ALTER TABLE item ADD CONSTRAINT some_pages CHECK (pages > 0)");
    const db = await connect(dataSource);
    try {
      db.session.add(db.create(Item, { id: 1, pages: -1 }));
      await expect(db.session.commit()).rejects.toMatchObject({ kind: "check" });
    } finally {
      await db.close();
      if (dataSource.isInitialized) await dataSource.destroy();
    }
  });
});
