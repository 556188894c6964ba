import { bare, entity, view } from "../../helpers/entities/schemas";
import { type Feature, changedGear, gear } from "./feature";

const KEEP = "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'";

/** A table that is partitioned: its key has the column of the partitions. */
const log = (more: object = {}, rest: object = {}) => [
  bare(
    "Log",
    {
      id: { type: "int", primary: true },
      at: { type: "date", primary: true },
      words: { type: "varchar", length: 20, nullable: true },
      ...more,
    },
    rest,
  ),
];
const changedLog = () =>
  log(
    { words: { type: "text", nullable: true }, more: { type: "int", default: 0 } },
    { indices: [{ columns: ["words"] }] },
  );
const LOG = (by: string) =>
  `CREATE TABLE log (id int NOT NULL, at date NOT NULL, words varchar(20), CONSTRAINT "PK_log" PRIMARY KEY (id, at)) PARTITION BY ${by}`;

/** Features of public schemas: pagila, GitLab, Discourse, Mastodon, Odoo, AdventureWorks and the like. ROLE is a role. */
export const POSTGRES: Readonly<Record<string, Feature>> = {
  "a domain with a check": {
    sql: [
      "CREATE DOMAIN year AS integer DEFAULT 2000 CHECK (VALUE >= 1901 AND VALUE <= 2155)",
      "COMMENT ON DOMAIN year IS 'of a film'",
      "CREATE TABLE other_film (id int, released year NOT NULL)",
      "CREATE VIEW other_v AS SELECT (size + 2000)::year AS y FROM gear",
    ],
  },
  "a composite type": {
    sql: [
      "CREATE TYPE address AS (street text, number int)",
      "CREATE TABLE other_place (id int, at address, more address[])",
      "INSERT INTO other_place VALUES (1, ROW('a', 1), ARRAY[ROW('b', 2)::address])",
      "CREATE FUNCTION place(gear) RETURNS address LANGUAGE sql IMMUTABLE AS $$ SELECT ROW($1.name, 1)::address $$",
    ],
  },
  "a range type and an aggregate": {
    notProven: /create view "other_v"/,
    sql: [
      "CREATE TYPE float_range AS RANGE (subtype = float8)",
      "CREATE AGGREGATE joined(text) (sfunc = textcat, stype = text, initcond = '')",
      "CREATE VIEW other_v AS SELECT joined(name::text) AS j, float_range(1, 2) AS r FROM gear",
    ],
  },
  "an enum in a named schema": {
    sql: [
      "CREATE SCHEMA app",
      "CREATE TYPE app.mood AS ENUM ('sad', 'it''s')",
      "CREATE TABLE app.other_person (mood app.mood DEFAULT 'sad')",
      "CREATE FUNCTION app.feel(app.mood) RETURNS text LANGUAGE sql AS $$ SELECT $1::text $$",
      "CREATE VIEW app.other_v AS SELECT name, 'sad'::app.mood AS m FROM gear",
    ],
  },
  "an enum column of an entity in a named schema": {
    prepare: ["CREATE SCHEMA app"],
    sql: [],
    before: [entity("Person", { mood: { type: "enum", enum: ["a", "b"], default: "a" } }, { schema: "app" })],
    after: [entity("Person", { mood: { type: "enum", enum: ["a", "it's", "b"], default: "it's" } }, { schema: "app" })],
  },
  "an array of an enum": {
    sql: [],
    before: gear({ moods: { type: "enum", enum: ["a", "b"], array: true, default: ["a"] } }),
    after: changedGear({ moods: { type: "enum", enum: ["b", "c", "a"], array: true, default: ["c", "a"] } }),
  },
  "range partitions": {
    create: [
      LOG("RANGE (at)"),
      "CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (MINVALUE) TO ('2020-01-01') WITH (fillfactor = 70)",
      "CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM ('2020-01-01') TO (MAXVALUE)",
      "CREATE INDEX own ON log_1 ((lower(words)))",
      "INSERT INTO log VALUES (1, '2019-01-01', 'a'), (2, '2021-01-01', 'b')",
    ],
    sql: [],
    before: log(),
    after: changedLog(),
  },
  "list partitions with a default": {
    create: [
      LOG("LIST (at)"),
      "CREATE TABLE log_1 PARTITION OF log FOR VALUES IN ('2020-01-01', '2020-01-02')",
      "CREATE TABLE log_2 PARTITION OF log DEFAULT",
      "GRANT SELECT ON log_1 TO ROLE",
      "INSERT INTO log VALUES (1, '2020-01-01', 'a'), (2, '2021-01-01', 'b')",
    ],
    sql: [],
    before: log(),
    after: changedLog(),
  },
  "hash partitions, partitioned again": {
    create: [
      LOG("HASH (id)"),
      "CREATE TABLE log_1 PARTITION OF log FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
      "CREATE TABLE log_2 PARTITION OF log FOR VALUES WITH (MODULUS 2, REMAINDER 1) PARTITION BY RANGE (at)",
      "CREATE TABLE log_3 PARTITION OF log_2 FOR VALUES FROM (MINVALUE) TO (MAXVALUE)",
      "INSERT INTO log SELECT i, '2020-01-01', 'x' FROM generate_series(1, 9) i",
    ],
    sql: [],
    before: log(),
    after: changedLog(),
  },
  "a partition in another schema": {
    create: [
      LOG("RANGE (at)"),
      "CREATE SCHEMA partitions_dynamic",
      "CREATE TABLE partitions_dynamic.log_1 PARTITION OF log FOR VALUES FROM (MINVALUE) TO (MAXVALUE)",
      "INSERT INTO log VALUES (1, '2019-01-01', 'a')",
    ],
    sql: [],
    before: log(),
    after: changedLog(),
  },
  inheritance: {
    sql: [
      "CREATE TABLE other_child (extra int, CHECK (extra > 0)) INHERITS (gear)",
      "INSERT INTO other_child (id, name, extra) VALUES (900, 'of a child', 1)",
    ],
  },
  "row security": {
    sql: [
      "ALTER TABLE gear ENABLE ROW LEVEL SECURITY",
      "ALTER TABLE gear FORCE ROW LEVEL SECURITY",
      "CREATE POLICY readers ON gear FOR SELECT TO ROLE USING (name = current_user AND size > 0)",
      "CREATE POLICY writers ON gear AS RESTRICTIVE FOR UPDATE USING (true) WITH CHECK (length(name) > 0)",
      "COMMENT ON POLICY readers ON gear IS 'who may read'",
    ],
  },
  "triggers and their functions": {
    sql: [
      KEEP,
      "CREATE TRIGGER one BEFORE INSERT OR UPDATE OF name, size ON gear FOR EACH ROW WHEN (NEW.name <> '') EXECUTE FUNCTION keep('a', 'b')",
      "CREATE CONSTRAINT TRIGGER two AFTER UPDATE ON gear DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep()",
      "CREATE TRIGGER three AFTER DELETE ON gear REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION keep()",
      "ALTER TABLE gear DISABLE TRIGGER one",
      "ALTER TABLE gear ENABLE ALWAYS TRIGGER three",
      "COMMENT ON TRIGGER one ON gear IS 'the first'",
    ],
  },
  "a table's function and procedure": {
    refused: /function size_of\(gear\) uses its row type/,
    sql: [
      "CREATE FUNCTION names() RETURNS SETOF gear LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$ SELECT * FROM gear $$",
      "CREATE PROCEDURE tidy(INOUT n int) LANGUAGE plpgsql AS $$ BEGIN n := (SELECT count(*) FROM gear); END $$",
      "CREATE FUNCTION size_of(g gear) RETURNS int LANGUAGE sql STABLE BEGIN ATOMIC SELECT g.id; END",
      "GRANT EXECUTE ON FUNCTION names() TO ROLE",
      "COMMENT ON FUNCTION names() IS 'all of them'",
    ],
  },
  rules: {
    sql: [
      "CREATE TABLE other_log (name varchar(300))",
      "CREATE RULE copies AS ON INSERT TO gear DO ALSO INSERT INTO other_log VALUES (NEW.name)",
      "CREATE RULE never AS ON DELETE TO gear WHERE OLD.size > 3 DO INSTEAD NOTHING",
      "ALTER TABLE gear DISABLE RULE never",
      "COMMENT ON RULE never ON gear IS 'too large'",
    ],
  },
  "views over views, with everything beside": {
    sql: [
      "CREATE VIEW other_a WITH (security_barrier = true) AS SELECT id, name, size FROM gear WHERE size > 0 WITH CASCADED CHECK OPTION",
      "CREATE VIEW other_b AS SELECT name AS n, count(*) AS c FROM other_a GROUP BY name",
      "CREATE RECURSIVE VIEW other_c(n) AS VALUES (1) UNION ALL SELECT n + 1 FROM other_c WHERE n < (SELECT max(size) FROM gear)",
      "GRANT SELECT (n), UPDATE (n) ON other_b TO ROLE",
      "COMMENT ON COLUMN other_b.n IS 'the name'",
      "ALTER VIEW other_a ALTER COLUMN name SET DEFAULT 'none'",
    ],
  },
  "materialised views with indexes": {
    sql: [
      "CREATE MATERIALIZED VIEW other_m WITH (fillfactor = 70) AS SELECT name, sum(size) AS total FROM gear GROUP BY name",
      "CREATE UNIQUE INDEX other_m_name ON other_m (name)",
      "CREATE INDEX other_m_total ON other_m (total DESC NULLS LAST) WHERE total > 1",
      "CREATE MATERIALIZED VIEW other_empty AS SELECT size FROM gear WITH NO DATA",
      "ALTER MATERIALIZED VIEW other_m ALTER COLUMN total SET STATISTICS 500",
      "COMMENT ON INDEX other_m_name IS 'one a name'",
      "CLUSTER other_m USING other_m_name",
      "CREATE STATISTICS other_s ON name, total FROM other_m",
    ],
  },
  "generated columns": {
    sql: [
      "CREATE TABLE other_box (a int, b int GENERATED ALWAYS AS (a * 2) STORED)",
      "CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2'",
      "CREATE INDEX expression ON gear (lower(shout))",
      "GRANT SELECT (shout) ON gear TO ROLE",
      "ALTER TABLE gear ALTER shout SET STATISTICS 300",
    ],
    before: gear({
      shout: { type: "text", asExpression: "upper(name)", generatedType: "STORED", nullable: true, comment: "loud" },
    }),
    after: changedGear({
      shout: { type: "text", asExpression: "upper(name)", generatedType: "STORED", nullable: true, comment: "loud" },
    }),
  },
  "identity columns with options": {
    create: [
      'CREATE TABLE number (id int GENERATED BY DEFAULT AS IDENTITY (START 100 INCREMENT 5 CACHE 3), name varchar(20) NOT NULL, CONSTRAINT "PK_number" PRIMARY KEY (id))',
      "INSERT INTO number (name) VALUES ('a'), ('b')",
      "COMMENT ON SEQUENCE number_id_seq IS 'by fives'",
      "GRANT USAGE ON SEQUENCE number_id_seq TO ROLE",
    ],
    sql: [],
    before: [
      bare("Number", {
        id: { type: "int", primary: true, generated: "identity" },
        name: { type: "varchar", length: 20 },
      }),
    ],
    after: [
      bare("Number", {
        id: { type: "bigint", primary: true, generated: "identity" },
        name: { type: "varchar" },
        more: { type: "int", nullable: true },
      }),
    ],
  },
  "exclusion constraints": {
    prepare: ["CREATE EXTENSION IF NOT EXISTS btree_gist"],
    sql: ["COMMENT ON CONSTRAINT no_overlap ON gear IS 'one at a time'"],
    before: gear(
      { span: { type: "daterange", nullable: true } },
      {
        exclusions: [
          {
            name: "no_overlap",
            expression: "USING gist (name WITH =, span WITH &&) WHERE (size > 0)",
            deferrable: "INITIALLY DEFERRED",
          },
        ],
      },
    ),
    after: changedGear(
      { span: { type: "daterange", nullable: true } },
      {
        exclusions: [
          {
            name: "no_overlap",
            expression: "USING gist (name WITH =, span WITH &&) WHERE (length > 0)",
            deferrable: "INITIALLY DEFERRED",
          },
        ],
      },
    ),
  },
  "deferrable keys, and keys that are not valid": {
    sql: [
      "CREATE TABLE other_parts (gear int REFERENCES gear DEFERRABLE INITIALLY DEFERRED, n varchar(20))",
      "CREATE TABLE other_loose (gear int)",
      "INSERT INTO other_loose VALUES (12345)",
      "ALTER TABLE other_loose ADD CONSTRAINT loose FOREIGN KEY (gear) REFERENCES gear NOT VALID",
      "ALTER TABLE other_parts ADD CONSTRAINT odd CHECK (gear <> 7) NO INHERIT",
      "COMMENT ON CONSTRAINT odd ON other_parts IS 'never 7'",
    ],
  },
  "indexes over expressions, partial, GIN with operator classes, INCLUDE, NULLS NOT DISTINCT": {
    sql: [
      "CREATE EXTENSION pg_trgm",
      "CREATE INDEX hand_a ON gear USING gin (name gin_trgm_ops) WITH (fastupdate = off)",
      "CREATE INDEX hand_b ON gear (lower(name) text_pattern_ops) INCLUDE (size) WHERE size > 1 AND name IS NOT NULL",
      "CREATE UNIQUE INDEX hand_c ON gear (made DESC NULLS LAST, size) NULLS NOT DISTINCT WHERE made IS NOT NULL",
      `CREATE INDEX hand_d ON gear ((name || 'x') COLLATE "C", size)`,
      "CREATE INDEX hand_e ON gear USING brin (made) WITH (pages_per_range = 4)",
      "ALTER INDEX hand_d ALTER COLUMN 1 SET STATISTICS 400",
      "COMMENT ON INDEX hand_b IS 'patterns'",
      "CLUSTER gear USING hand_d",
    ],
  },
  "a nondeterministic collation": {
    sql: [
      "CREATE COLLATION other_ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
      "CREATE TABLE other_words (w text COLLATE other_ci UNIQUE)",
      'CREATE INDEX hand ON gear (name COLLATE "C")',
      'ALTER TABLE gear ALTER COLUMN name TYPE varchar(20) COLLATE "C"',
    ],
  },
  extensions: {
    prepare: ["hstore", "ltree", "citext"].map((name) => `CREATE EXTENSION IF NOT EXISTS ${name}`),
    sql: [
      "CREATE EXTENSION IF NOT EXISTS pgcrypto",
      'CREATE EXTENSION IF NOT EXISTS "uuid-ossp"',
      "CREATE TABLE other_all (a citext, b hstore, c ltree, d uuid DEFAULT uuid_generate_v4(), e uuid DEFAULT gen_random_uuid())",
      "INSERT INTO other_all VALUES ('A', 'a=>1', 'a.b.c')",
      "CREATE INDEX hand_path ON gear USING gist (path)",
      "CREATE VIEW other_v AS SELECT name::citext AS n, tags -> 'a' AS a FROM gear",
    ],
    before: gear({
      tags: { type: "hstore", nullable: true },
      path: { type: "ltree", nullable: true },
      mail: { type: "citext", nullable: true },
    }),
    after: changedGear({
      tags: { type: "hstore", nullable: true },
      path: { type: "ltree", nullable: true },
      mail: { type: "text", nullable: true },
    }),
  },
  "an extension in a schema of its own": {
    prepare: ["CREATE SCHEMA extensions", "CREATE EXTENSION citext SCHEMA extensions"],
    sql: ["CREATE VIEW other_v AS SELECT name::extensions.citext AS n FROM gear"],
    before: gear({}, { checks: [{ name: "mail", expression: "name::extensions.citext <> 'x'" }] }),
    after: changedGear({}, { checks: [{ name: "mail", expression: "name::extensions.citext <> 'x'" }] }),
  },
  "comments with odd characters": {
    sql: ["CREATE INDEX hand ON gear ((size + 1))", "COMMENT ON INDEX hand IS 'it''s'"],
    before: gear({
      id: { type: "int", primary: true, generated: "increment", comment: "the key" },
      name: { type: "varchar", length: 20, comment: 'it\'s $$ ; -- /* */ %s \\ "gear"\nof two lines' },
    }),
    after: changedGear({
      id: { type: "int", primary: true, generated: "increment", comment: "the key" },
      name: { type: "varchar", comment: "$tag$ 'changed' \\" },
    }),
  },
  "privileges of tables, columns and sequences": {
    sql: [
      "GRANT SELECT, INSERT ON gear TO ROLE",
      "GRANT UPDATE (name), REFERENCES (size) ON gear TO ROLE WITH GRANT OPTION",
      "GRANT SELECT ON gear TO PUBLIC",
      "REVOKE TRUNCATE ON gear FROM CURRENT_USER",
      "GRANT USAGE, SELECT ON SEQUENCE gear_id_seq TO ROLE",
    ],
  },
  "storage parameters, statistics targets and storage": {
    sql: [
      "ALTER TABLE gear SET (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false)",
      "ALTER TABLE gear ALTER name SET STATISTICS 1000, ALTER name SET (n_distinct = -0.5), ALTER name SET STORAGE EXTERNAL, ALTER name SET COMPRESSION pglz",
      "ALTER TABLE gear ALTER size SET STATISTICS 0, ALTER size SET (n_distinct = 5)",
      "ALTER TABLE gear REPLICA IDENTITY FULL",
    ],
  },
  "extended statistics": {
    sql: [
      "CREATE STATISTICS other_dep (dependencies, mcv) ON name, size FROM gear",
      "CREATE STATISTICS other_expr ON lower(name), size FROM gear",
      "ALTER STATISTICS other_dep SET STATISTICS 300",
      "COMMENT ON STATISTICS other_dep IS 'they go together'",
    ],
  },
  "an unlogged table": {
    sql: ["ALTER TABLE gear SET UNLOGGED", "CREATE UNLOGGED TABLE other_cache (id int)"],
  },
  "an event trigger": {
    sql: [
      "CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''%'', tg_tag; END'",
      "CREATE EVENT TRIGGER other_watch ON ddl_command_end WHEN TAG IN ('DROP VIEW') EXECUTE FUNCTION watch()",
    ],
  },
  "a publication with a filter and columns": {
    sql: [
      "CREATE PUBLICATION other_all FOR TABLE gear",
      "DO $$ BEGIN EXECUTE (SELECT format('ALTER TABLE gear REPLICA IDENTITY USING INDEX %I', conname) FROM pg_constraint WHERE conrelid = 'gear'::regclass AND contype = 'p'); END $$",
    ],
  },
  "a publication that names a column whose type changes": {
    sql: ["CREATE PUBLICATION other_some FOR TABLE gear (id, name) WHERE (size > 1)"],
  },
  "foreign tables": {
    notProven: /create view "other_v"/,
    sql: [
      "CREATE EXTENSION file_fdw",
      "CREATE SERVER other_files FOREIGN DATA WRAPPER file_fdw",
      "CREATE FOREIGN TABLE other_far (line text) SERVER other_files OPTIONS (filename '/dev/null')",
      "CREATE VIEW other_v AS SELECT line, name FROM other_far, gear",
    ],
  },
  "default privileges": {
    sql: [
      "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ROLE",
      "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO ROLE",
      "CREATE VIEW other_v AS SELECT name FROM gear",
      "REVOKE ALL ON other_v FROM ROLE",
    ],
  },
  "a view and a function of other owners": {
    sql: [
      "GRANT ALL ON SCHEMA public TO ROLE",
      "CREATE VIEW other_v AS SELECT name, size FROM gear",
      "ALTER VIEW other_v OWNER TO ROLE",
      "GRANT SELECT ON gear TO ROLE",
      "CREATE FUNCTION theirs() RETURNS text LANGUAGE sql AS $$ SELECT name FROM gear LIMIT 1 $$",
      "ALTER FUNCTION theirs() OWNER TO ROLE",
    ],
  },
  "sequences with options, owned and not": {
    prepare: ["CREATE SEQUENCE other_s AS smallint INCREMENT -2 MINVALUE -100 MAXVALUE 100 START 50 CACHE 3 CYCLE"],
    sql: ["CREATE SEQUENCE other_t OWNED BY gear.name", "SELECT nextval('other_s'), nextval('other_s')"],
    before: gear({ number: { type: "int", nullable: true, default: () => "nextval('other_s')" } }),
    after: changedGear({ number: { type: "bigint", nullable: true, default: () => "nextval('other_s')" } }),
  },
  "full-text search: a configuration, a tsvector and its trigger": {
    notProven: /trigger "searched"|text search/,
    sql: [
      "CREATE TEXT SEARCH CONFIGURATION other_en (COPY = english)",
      "CREATE INDEX hand ON gear USING gin (to_tsvector('other_en', name))",
      "CREATE TRIGGER searched BEFORE INSERT OR UPDATE ON gear FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(words, 'public.other_en', name)",
    ],
    before: gear({ words: { type: "tsvector", nullable: true } }),
    after: changedGear({ words: { type: "tsvector", nullable: true } }),
  },
  "a cast and an operator": {
    notProven: /create view "other_v"/,
    sql: [
      "CREATE TYPE pair AS (a int, b int)",
      "CREATE FUNCTION to_pair(int) RETURNS pair LANGUAGE sql IMMUTABLE AS 'SELECT ROW($1, $1)::pair'",
      "CREATE CAST (int AS pair) WITH FUNCTION to_pair(int)",
      "CREATE FUNCTION both_of(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2'",
      "CREATE OPERATOR ==> (leftarg = text, rightarg = text, function = both_of)",
      "CREATE VIEW other_v AS SELECT name FROM gear WHERE name::text ==> 'x'",
      "CREATE VIEW other_w AS SELECT id::pair AS p FROM gear",
    ],
  },
  "a typed table and a table of a view's name in another schema": {
    sql: [
      "CREATE TYPE row_type AS (a int, b text)",
      "CREATE TABLE other_typed OF row_type (a PRIMARY KEY)",
      "CREATE SCHEMA twin",
      "CREATE TABLE twin.gear (id int, name varchar(20), size int)",
      "CREATE VIEW other_v AS SELECT g.name, t.size FROM gear g JOIN twin.gear t USING (id)",
    ],
  },
  "a table dropped with everything beside it": {
    sql: [
      "CREATE TABLE old (id int GENERATED ALWAYS AS IDENTITY (START 7 INCREMENT 3) PRIMARY KEY, name varchar(20) COLLATE \"C\" DEFAULT 'x', size int, two int GENERATED ALWAYS AS (size * 2) STORED, UNIQUE (name) DEFERRABLE, CHECK (size > 0))",
      KEEP,
      "CREATE TRIGGER one BEFORE UPDATE ON old FOR EACH ROW EXECUTE FUNCTION keep()",
      "COMMENT ON TRIGGER one ON old IS 'first'",
      "CREATE INDEX old_i ON old (lower(name) text_pattern_ops) INCLUDE (size)",
      "COMMENT ON INDEX old_i IS 'an index'",
      "COMMENT ON CONSTRAINT old_size_check ON old IS 'a check'",
      "CREATE STATISTICS other_old ON name, size FROM old",
      "ALTER TABLE old ALTER name SET STATISTICS 55, ALTER name SET STORAGE EXTERNAL",
      "ALTER TABLE old CLUSTER ON old_i",
      "GRANT SELECT (name), UPDATE ON old TO ROLE",
      "ALTER TABLE old ENABLE ROW LEVEL SECURITY",
      "CREATE POLICY p ON old USING (size > 1)",
      "CREATE RULE r AS ON DELETE TO old DO INSTEAD NOTHING",
    ],
    before: [bare("Kept", { id: { type: "int", primary: true } })],
    after: [bare("Kept", { id: { type: "int", primary: true } })],
    answers: { drops: ["old"] },
  },
  "an entity's view that changes": {
    sql: [
      "GRANT SELECT ON shown TO ROLE",
      "COMMENT ON VIEW shown IS 'to be kept'",
      "COMMENT ON COLUMN shown.n IS 'a name'",
      "ALTER VIEW shown SET (security_barrier = true)",
    ],
    before: [...gear(), view("Shown", "SELECT name AS n FROM gear", ["n"])],
    after: [...changedGear(), view("Shown", "SELECT name AS n FROM gear WHERE length > 0", ["n"])],
  },
  "a view of no entity over an entity's view that changes": {
    refused: /view other_over depends on view shown/,
    sql: ["CREATE VIEW other_over AS SELECT n FROM shown"],
    before: [...gear(), view("Shown", "SELECT name AS n FROM gear", ["n"])],
    after: [...changedGear(), view("Shown", "SELECT name AS n FROM gear WHERE length > 0", ["n"])],
  },
};
