import { bare, entity, toOne, view } from "../../helpers/entities/schemas";
import { type Feature, changedGear, gear } from "./feature";

/** Features of public schemas: sakila, WordPress, Magento, MediaWiki, Drupal and the like. USER is an account. */
export const MARIADB: Readonly<Record<string, Feature>> = {
  "a MyISAM and an Aria table": {
    sql: [
      "ALTER TABLE gear ENGINE=Aria TRANSACTIONAL=1 PAGE_CHECKSUM=1",
      "CREATE TABLE other_a (id int) ENGINE=MyISAM DELAY_KEY_WRITE=1",
    ],
  },
  "a row format, and compressed pages": {
    sql: ["ALTER TABLE gear ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8 STATS_PERSISTENT=1 STATS_AUTO_RECALC=0"],
  },
  "a system-versioned table": {
    sql: ["ALTER TABLE gear ADD SYSTEM VERSIONING"],
    refused: /system.versioned|system_versioning_alter_history/i,
  },
  "a system-versioned table beside": {
    sql: [
      "CREATE TABLE other_versioned (id int) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME LIMIT 100 PARTITIONS 2",
      "INSERT INTO other_versioned VALUES (1)",
      "CREATE VIEW other_v AS SELECT name FROM gear",
    ],
  },
  "range, list and hash partitions": {
    sql: [
      "ALTER TABLE gear PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (100), PARTITION p1 VALUES LESS THAN MAXVALUE COMMENT 'the rest')",
      "CREATE TABLE other_list (id int) PARTITION BY LIST (id) (PARTITION a VALUES IN (1, 2), PARTITION b DEFAULT)",
      "CREATE TABLE other_hash (id int PRIMARY KEY) PARTITION BY KEY () PARTITIONS 3",
    ],
  },
  sequences: {
    sql: [
      "CREATE SEQUENCE other_s START WITH 100 INCREMENT BY 10 MAXVALUE 1000 CYCLE",
      "SELECT NEXTVAL(other_s)",
      "CREATE TABLE other_numbered (id int DEFAULT (NEXTVAL(other_s)))",
      "CREATE VIEW other_v AS SELECT name FROM gear",
    ],
  },
  "generated columns, virtual and persistent": {
    sql: [],
    before: gear({
      loud: { type: "varchar", length: 300, asExpression: "upper(`name`)", generatedType: "VIRTUAL" },
      twice: { type: "int", asExpression: "`size` * 2", generatedType: "STORED" },
    }),
    after: changedGear({
      loud: { type: "varchar", length: 300, asExpression: "upper(`name`)", generatedType: "VIRTUAL" },
      twice: { type: "int", asExpression: "`length` * 2", generatedType: "STORED" },
    }),
  },
  "invisible columns": {
    sql: [
      "ALTER TABLE gear MODIFY size int NULL INVISIBLE",
      "ALTER TABLE gear MODIFY name varchar(20) INVISIBLE NOT NULL DEFAULT 'x'",
    ],
    before: gear({ name: { type: "varchar", length: 20, default: "x" } }),
    after: changedGear({ name: { type: "varchar", length: 30, default: "x" } }),
  },
  "full-text and spatial indexes": {
    sql: ["INSERT INTO place (p, words) VALUES (POINT(1, 1), 'a b')"],
    before: [
      entity(
        "Place",
        { p: { type: "point" }, words: { type: "text" } },
        {
          indices: [
            { columns: ["p"], spatial: true },
            { columns: ["words"], fulltext: true },
          ],
        },
      ),
    ],
    after: [
      entity(
        "Place",
        { p: { type: "point" }, words: { type: "longtext" }, n: { type: "int", default: 1 } },
        {
          indices: [
            { columns: ["p"], spatial: true },
            { columns: ["words", "n"].slice(0, 1), fulltext: true },
          ],
        },
      ),
    ],
  },
  "checks of tables and columns": {
    sql: [
      "ALTER TABLE gear ADD CONSTRAINT small CHECK (size < 1000 AND name <> 'it''s')",
      "CREATE TABLE other_c (a int CHECK (a > 0), b int, CHECK (b > a))",
    ],
    before: gear({}, { checks: [{ name: "small", expression: "size < 1000 AND name <> 'it''s'" }] }),
    after: changedGear({}, { checks: [{ name: "small", expression: "length < 1000 AND name <> 'it''s'" }] }),
  },
  "triggers of another user, in an order": {
    sql: [
      "CREATE DEFINER=USER TRIGGER two BEFORE INSERT ON gear FOR EACH ROW SET NEW.made = '2020-01-01'",
      "CREATE TRIGGER one BEFORE INSERT ON gear FOR EACH ROW PRECEDES two SET NEW.made = NULL",
      "CREATE TRIGGER three AFTER UPDATE ON gear FOR EACH ROW SET @changed = NEW.id",
    ],
  },
  "a view with everything": {
    sql: [
      "CREATE ALGORITHM=TEMPTABLE DEFINER=USER SQL SECURITY INVOKER VIEW other_v AS SELECT made, count(*) AS n FROM gear GROUP BY made",
      "CREATE ALGORITHM=MERGE SQL SECURITY DEFINER VIEW other_w AS SELECT id, name FROM gear WHERE id > 0 WITH LOCAL CHECK OPTION",
      "GRANT SELECT (id), UPDATE (name) ON other_w TO USER",
    ],
  },
  "an entity's view that changes keeps how it is executed": {
    sql: [
      "CREATE OR REPLACE ALGORITHM=MERGE DEFINER=USER SQL SECURITY INVOKER VIEW shown AS SELECT name AS n FROM gear WITH CASCADED CHECK OPTION",
      "GRANT SELECT ON shown TO USER",
    ],
    before: [...gear(), view("Shown", "SELECT name AS n FROM gear", ["n"])],
    after: [...changedGear(), view("Shown", "SELECT name AS n FROM gear WHERE length > 0", ["n"])],
  },
  "a view of no entity that is dropped and created again": {
    sql: [
      "CREATE TABLE old (id int PRIMARY KEY, name varchar(20) CHARACTER SET latin1 COLLATE latin1_bin COMMENT 'a', KEY k (name DESC) COMMENT 'desc') ENGINE=InnoDB ROW_FORMAT=DYNAMIC COMMENT='old'",
      "CREATE DEFINER=USER TRIGGER old_t BEFORE INSERT ON old FOR EACH ROW SET NEW.name = 'x'",
    ],
    before: [bare("Kept", { id: { type: "int", primary: true } })],
    after: [bare("Kept", { id: { type: "int", primary: true } })],
    answers: { drops: ["old"] },
  },
  "stored routines": {
    sql: [
      "CREATE DEFINER=USER FUNCTION shout(s varchar(99)) RETURNS varchar(99) CHARSET latin1 DETERMINISTIC SQL SECURITY INVOKER COMMENT 'loud' RETURN upper(s)",
      "CREATE PROCEDURE tidy(IN n int, OUT m int) BEGIN SELECT count(*) INTO m FROM gear; END",
      "CREATE VIEW other_v AS SELECT shout(name) AS s FROM gear",
    ],
  },
  events: {
    sql: [
      "CREATE EVENT other_e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE COMMENT 'nightly' DO DELETE FROM gear WHERE id < 0",
    ],
  },
  "character sets a column": {
    sql: [],
    before: gear({
      code: { type: "char", length: 3, charset: "latin1", collation: "latin1_general_cs", default: "x" },
      words: { type: "text", collation: "utf8mb4_bin", nullable: true },
    }),
    after: changedGear({
      code: { type: "char", length: 4, charset: "latin1", collation: "latin1_general_cs", default: "x" },
      words: { type: "longtext", collation: "utf8mb4_unicode_ci", nullable: true },
    }),
  },
  "a table of another character set": {
    sql: ["ALTER TABLE gear CONVERT TO CHARACTER SET latin1 COLLATE latin1_bin"],
  },
  "prefix indexes": {
    sql: ["CREATE INDEX hand_p ON gear (name(5), size)", "CREATE UNIQUE INDEX hand_u ON gear (name(10)) COMMENT 'ten'"],
  },
  "descending indexes, ignored indexes": {
    sql: [
      "CREATE INDEX hand_d ON gear (made DESC, size)",
      "CREATE INDEX hand_i ON gear (made)",
      "ALTER TABLE gear ALTER INDEX hand_i IGNORED",
    ],
  },
  "ON UPDATE CURRENT_TIMESTAMP": {
    sql: [],
    before: gear({
      changed: {
        type: "timestamp",
        precision: 3,
        default: () => "CURRENT_TIMESTAMP(3)",
        onUpdate: "CURRENT_TIMESTAMP(3)",
      },
    }),
    after: changedGear({
      changed: {
        type: "timestamp",
        precision: 6,
        default: () => "CURRENT_TIMESTAMP(6)",
        onUpdate: "CURRENT_TIMESTAMP(6)",
      },
    }),
  },
  "JSON columns and checks of them": {
    sql: [
      "CREATE TABLE other_j (j longtext CHECK (json_valid(j)), k longtext COLLATE utf8mb4_bin CHECK (json_valid(k) AND json_length(k) > 0))",
    ],
    before: gear({ facts: { type: "json", nullable: true } }),
    after: changedGear({ facts: { type: "longtext", nullable: true } }),
  },
  "application-time periods": {
    sql: [
      "CREATE TABLE other_booking (room int, since date, until date, PERIOD FOR stay (since, until), UNIQUE (room, stay WITHOUT OVERLAPS))",
      "ALTER TABLE gear ADD PERIOD FOR valid (since, until)",
    ],
    before: gear({
      since: { type: "date", default: "2000-01-01" },
      until: { type: "date", default: "2000-01-02" },
    }),
    after: changedGear({
      since: { type: "date", default: "2000-01-01" },
      until: { type: "date", default: "2000-01-02" },
    }),
  },
  "foreign keys with every action": {
    sql: [
      "CREATE TABLE other_c (id int, g int, h int, CONSTRAINT c1 FOREIGN KEY (g) REFERENCES gear (id) ON DELETE CASCADE ON UPDATE CASCADE, CONSTRAINT c2 FOREIGN KEY (h) REFERENCES gear (id) ON DELETE SET NULL)",
    ],
    before: [
      ...gear(),
      entity("Part", {}, { relations: { gear: toOne("Gear", { onDelete: "CASCADE", joinColumn: true }) } }),
    ],
    after: [
      ...changedGear(),
      entity(
        "Part",
        { n: { type: "int", nullable: true } },
        { relations: { gear: toOne("Gear", { onDelete: "RESTRICT", joinColumn: true }) } },
      ),
    ],
  },
  "privileges of tables and columns": {
    sql: [
      "GRANT SELECT, INSERT ON gear TO USER",
      "GRANT UPDATE (name), SELECT (made) ON gear TO USER WITH GRANT OPTION",
    ],
  },
  "SET, BIT, YEAR and unsigned columns": {
    sql: [],
    before: gear({
      flags: { type: "set", enum: ["a", "it's"], nullable: true },
      bits: { type: "bit", width: 4, nullable: true },
      born: { type: "year", nullable: true },
      big: { type: "int", unsigned: true, zerofill: true, width: 5, nullable: true },
    }),
    after: changedGear({
      flags: { type: "set", enum: ["a", "it's", "c"], nullable: true },
      bits: { type: "bit", width: 8, nullable: true },
      born: { type: "smallint", nullable: true },
      big: { type: "bigint", unsigned: true, nullable: true },
    }),
  },
  "column compression and comments with odd characters": {
    sql: [
      "ALTER TABLE gear MODIFY made date NULL COMMENT 'it''s a \\\\ \"date\"; -- /* */ `x`'",
      "ALTER TABLE gear MODIFY COLUMN words text COMPRESSED NULL",
    ],
    before: gear({
      made: { type: "date", nullable: true, comment: 'it\'s a \\ "date"; -- /* */ `x`' },
      words: { type: "text", nullable: true },
    }),
    after: changedGear({
      made: { type: "datetime", nullable: true, comment: "new ' \\" },
      words: { type: "text", nullable: true },
    }),
  },
};
