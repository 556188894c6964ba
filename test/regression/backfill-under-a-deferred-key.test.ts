import { eachDatabase } from "../helpers/databases";
import { entity, toOne } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

/** "cannot ALTER TABLE because it has pending trigger events" on PostgreSQL: the key waited for the end of the transaction. */
eachDatabase((kind) => {
  test("values are filled in where a foreign key waits for the end of the transaction", async () => {
    const author = entity("Author", {});
    const key = (nullable: boolean) => ({
      relations: { author: toOne("Author", { deferrable: "INITIALLY DEFERRED", nullable }) },
    });
    const shop = await Workshop.open(kind);
    try {
      await shop.migrate([author, entity("Book", {}, key(true))]);
      await shop.query(kind.name === "mariadb" ? "INSERT INTO author VALUES (1)" : "INSERT INTO author DEFAULT VALUES");
      const quote = kind.name === "mariadb" ? "`" : '"';
      await shop.query(`INSERT INTO book (${quote}authorId${quote}) VALUES (1), (NULL)`);
      const required = entity("Book", { pages: { type: "int" } }, key(false));
      await shop.migrate([author, required], { backfills: ["Book.pages=7", "Book.author=1"] });
      expect(await shop.query(`SELECT ${quote}authorId${quote} AS author, pages FROM book ORDER BY id`)).toEqual([
        { author: 1, pages: 7 },
        { author: 1, pages: 7 },
      ]);
    } finally {
      await shop.close();
    }
  });
});
