import { randomBytes } from "node:crypto";
import { eachDatabase } from "../helpers/databases";
import { bare, entity } from "../helpers/entities/schemas";
import { Workshop } from "../helpers/workshop";

let shop: Workshop;
const reader = `retort_test_${randomBytes(5).toString("hex")}`;

eachDatabase(
  (kind) => {
    beforeEach(async () => {
      shop = await Workshop.open(kind);
      await shop.use([]);
      await shop.query(`CREATE ROLE ${reader}`);
    });
    afterEach(async () => {
      await shop.query(`DROP OWNED BY ${reader}`);
      await shop.query(`DROP ROLE ${reader}`);
      await shop.close();
    });

    const note = (type: object) => [entity("Note", { words: type, open: { type: Boolean } })];

    /** What the catalog says of a relation beside its rows and columns. */
    const catalog = async (name: string) =>
      JSON.stringify(
        await shop.query(`SELECT relacl::text, reloptions, relispopulated, relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner) AS owner,
        pg_get_partkeydef(c.oid) AS parts, (SELECT count(*) FROM pg_inherits WHERE inhparent = c.oid) AS partitions,
        (SELECT array_agg(attacl::text ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attacl IS NOT NULL) AS columns,
        (SELECT array_agg(description ORDER BY objsubid) FROM pg_description WHERE objoid = c.oid) AS comments,
        (SELECT array_agg(pg_get_ruledef(w.oid) ORDER BY rulename) FROM pg_rewrite w WHERE ev_class = c.oid) AS rules,
        (SELECT array_agg(pg_get_triggerdef(t.oid) || tgenabled::text ORDER BY tgname) FROM pg_trigger t WHERE tgrelid = c.oid AND NOT tgisinternal) AS triggers,
        (SELECT array_agg(polname || coalesce(pg_get_expr(polqual, polrelid), '') || polcmd::text ORDER BY polname) FROM pg_policy WHERE polrelid = c.oid) AS policies
        FROM pg_class c WHERE relname = '${name}'`),
      );

    const FUNCTION = "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'";

    test.each([
      [
        "privileges",
        [
          "CREATE VIEW shown AS SELECT words, id FROM note",
          `GRANT SELECT, UPDATE ON shown TO ${reader} WITH GRANT OPTION`,
        ],
      ],
      [
        "privileges of columns and of everybody",
        [
          "CREATE VIEW shown AS SELECT words, id FROM note",
          `GRANT SELECT (words) ON shown TO ${reader}`,
          "GRANT SELECT ON shown TO PUBLIC",
        ],
      ],
      [
        "the owner",
        [
          "CREATE VIEW shown AS SELECT words FROM note",
          `GRANT CREATE ON SCHEMA public TO ${reader}`,
          `ALTER VIEW shown OWNER TO ${reader}`,
        ],
      ],
      [
        "comments",
        [
          "CREATE VIEW shown AS SELECT words FROM note",
          "COMMENT ON VIEW shown IS 'it''s public'",
          "COMMENT ON COLUMN shown.words IS 'all of them'",
        ],
      ],
      [
        "options",
        ["CREATE VIEW shown WITH (security_barrier = true, check_option = local) AS SELECT words FROM note WHERE open"],
      ],
      [
        "rules",
        [
          "CREATE VIEW shown AS SELECT id, words FROM note",
          "CREATE RULE put AS ON INSERT TO shown DO INSTEAD INSERT INTO note (words, open) VALUES (NEW.words, true)",
        ],
      ],
      [
        "triggers",
        [
          "CREATE VIEW shown AS SELECT id, words FROM note",
          FUNCTION,
          "CREATE TRIGGER puts INSTEAD OF INSERT ON shown FOR EACH ROW EXECUTE FUNCTION keep()",
        ],
      ],
      [
        "defaults",
        ["CREATE VIEW shown AS SELECT id, words FROM note", "ALTER VIEW shown ALTER COLUMN words SET DEFAULT 'none'"],
      ],
      [
        "a materialised view without rows",
        [
          "CREATE MATERIALIZED VIEW shown WITH (fillfactor = 70) AS SELECT words FROM note WITH NO DATA",
          "CREATE UNIQUE INDEX one ON shown (words)",
          `GRANT SELECT ON shown TO ${reader}`,
        ],
      ],
      [
        "a view over a view",
        [
          "CREATE VIEW below AS SELECT words FROM note",
          "CREATE VIEW shown AS SELECT words FROM below",
          `GRANT SELECT ON shown TO ${reader}`,
          "COMMENT ON VIEW below IS 'below'",
        ],
      ],
    ])("migrate promise 8: a view that steps aside for a column keeps %s", async (_, statements) => {
      await shop.migrate(note({ type: "varchar", length: "20" }));
      for (const statement of statements) await shop.query(statement);
      const before = [await catalog("shown"), await catalog("below")];
      await shop.migrate(note({ type: "text" }));
      expect([await catalog("shown"), await catalog("below")]).toEqual(before);
      await shop.down();
      expect([await catalog("shown"), await catalog("below")]).toEqual(before);
    });

    test.each([
      [
        "a policy",
        [
          "ALTER TABLE note ENABLE ROW LEVEL SECURITY",
          `CREATE POLICY theirs ON note FOR SELECT TO ${reader} USING (words = current_user)`,
        ],
      ],
      [
        "a restrictive policy with a check",
        ["CREATE POLICY theirs ON note AS RESTRICTIVE USING (words <> '') WITH CHECK (length(words) > 1)"],
      ],
      [
        "a trigger on the column",
        [FUNCTION, "CREATE TRIGGER watches BEFORE UPDATE OF words ON note FOR EACH ROW EXECUTE FUNCTION keep()"],
      ],
      [
        "a trigger with a condition",
        [
          FUNCTION,
          "CREATE TRIGGER watches AFTER UPDATE ON note FOR EACH ROW WHEN (OLD.words IS DISTINCT FROM NEW.words) EXECUTE FUNCTION keep()",
        ],
      ],
      [
        "a rule",
        [
          "CREATE TABLE other (words text)",
          "CREATE RULE copies AS ON INSERT TO note DO ALSO INSERT INTO other VALUES (NEW.words)",
        ],
      ],
    ])("migrate promise 8: %s steps aside for a column, and comes back", async (_, statements) => {
      await shop.migrate(note({ type: "varchar", length: "20" }));
      for (const statement of statements) await shop.query(statement);
      shop.ignore.push("other");
      const before = [await catalog("note"), await catalog("other")];
      await shop.migrate(note({ type: "text" }));
      const bare = (text: string) => text.replace(/::text|[()]/g, "");
      expect(bare(await catalog("note"))).toEqual(bare(before[0]!));
      await shop.down();
      expect([await catalog("note"), await catalog("other")]).toEqual(before);
    });

    test("a policy of a table that is ignored is not touched, and named", async () => {
      await shop.migrate(note({ type: "varchar", length: "20" }));
      await shop.query("CREATE TABLE other (id int)");
      await shop.query("CREATE POLICY theirs ON other USING (EXISTS (SELECT 1 FROM note WHERE note.words = 'x'))");
      shop.ignore.push("other");
      await expect(shop.generate(note({ type: "text" }))).rejects.toMatchObject({
        code: "migrate/proof",
        message: expect.stringContaining("policy theirs on table other") as string,
      });
    });

    test("migrate promise 8: a dropped table comes back with its privileges, policies, options and partitions", async () => {
      const kept = bare("Kept", { id: { type: "int", primary: true } });
      await shop.migrate([kept]);
      for (const statement of [
        "CREATE TABLE log (id int NOT NULL, at date NOT NULL, CONSTRAINT pk PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
        "CREATE TABLE log_old PARTITION OF log FOR VALUES FROM (MINVALUE) TO ('2025-01-01')",
        "CREATE TABLE log_new PARTITION OF log FOR VALUES FROM ('2025-01-01') TO (MAXVALUE) PARTITION BY LIST (id)",
        "CREATE TABLE log_rest PARTITION OF log_new DEFAULT",
        `GRANT INSERT ON log TO ${reader}`,
        "ALTER TABLE log ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE log FORCE ROW LEVEL SECURITY",
        "CREATE POLICY everything ON log USING (true)",
        "INSERT INTO log VALUES (1, '2024-01-01'), (2, '2026-01-01')",
      ])
        await shop.query(statement);
      const names = ["log", "log_old", "log_new", "log_rest"];
      const before = await Promise.all(names.map(catalog));
      const written = await shop.migrate([kept], { drops: ["log"] });
      expect(written.losses).toEqual([expect.stringContaining('down creates table "log" again, without its rows')]);
      await shop.down();
      expect(await Promise.all(names.map(catalog))).toEqual(before);
    });

    test("migrate promise 8: a dropped column comes back with its privileges, and what goes with it for good is said", async () => {
      await shop.migrate(note({ type: "text", nullable: true }));
      await shop.query(`GRANT SELECT (words) ON note TO ${reader}`);
      await shop.query("ALTER TABLE note ALTER words SET STORAGE EXTERNAL");
      await shop.query("CREATE STATISTICS together ON words, open FROM note");
      const granted = async () =>
        shop.query(
          "SELECT attacl::text, attstorage FROM pg_attribute WHERE attrelid = 'note'::regclass AND attname = 'words'",
        );
      const before = await granted();
      const written = await shop.migrate([entity("Note", { open: { type: Boolean } })], { drops: ["Note.words"] });
      expect(written.losses).toContainEqual(
        expect.stringMatching(/^down does not restore "note": CREATE STATISTICS .*together ON /),
      );
      await shop.down();
      expect(await granted()).toEqual(before);
    });

    test("a view of no entity over a dropped column is asked about, dropped with it, and created again by down", async () => {
      await shop.migrate(note({ type: "text", nullable: true }));
      await shop.query("CREATE VIEW below AS SELECT words FROM note");
      await shop.query("CREATE VIEW watching AS SELECT words AS w FROM below");
      const without = [entity("Note", { open: { type: Boolean } })];
      await expect(shop.generate(without, { resolutions: { drops: ["Note.words"] } })).rejects.toMatchObject({
        code: "migrate/unanswered",
        message: expect.stringMatching(/view "below"[^]*--drop below[^]*view "watching"[^]*--drop watching/) as string,
      });
      await shop.migrate(without, { drops: ["Note.words", "below", "watching"] });
      await shop.down();
      expect(await shop.query("SELECT * FROM watching")).toEqual([]);
    });

    test("migrate promise 2: what a partitioned table does not allow is found out before the file is written", async () => {
      const log = (indices: object[]) =>
        bare(
          "Log",
          { id: { type: "int", primary: true }, y: { type: "int", primary: true }, u: { type: "int", nullable: true } },
          { indices },
        );
      await shop.query(
        'CREATE TABLE log (id int, y int, u int, CONSTRAINT "PK_log" PRIMARY KEY (id, y)) PARTITION BY RANGE (y)',
      );
      await shop.query("CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (9)");
      expect((await shop.check([log([])])).differences).toEqual([]);
      await expect(shop.generate([log([{ columns: ["u"], unique: true }])])).rejects.toMatchObject({
        code: "migrate/proof",
        message: expect.stringMatching(/partition.*CREATE UNIQUE INDEX "IDX_\w+" ON "log"/s) as string,
      });
      await shop.migrate([log([{ columns: ["u"] }])]);
    });
  },
  ["postgres"],
);

eachDatabase(
  (kind) => {
    beforeEach(async () => {
      shop = await Workshop.open(kind);
      await shop.use([]);
    });
    afterEach(() => shop.close());

    test("migrate promise 2: a system-versioned table is read, and what it does not allow is found out", async () => {
      const note = (columns: object) => [entity("Note", { words: { type: "varchar" }, ...columns })];
      await shop.migrate(note({}));
      await shop.query("ALTER TABLE note ADD SYSTEM VERSIONING");
      expect((await shop.check(note({}))).differences).toEqual([]);
      await expect(shop.generate(note({ more: { type: "int", nullable: true } }))).rejects.toMatchObject({
        code: "migrate/proof",
        message: expect.stringMatching(/versioned.*ALTER TABLE `note`/s) as string,
      });
    });

    test("migrate promise 8: a dropped table comes back partitioned, compressed, versioned", async () => {
      const kept = bare("Kept", { id: { type: "int", primary: true } });
      await shop.migrate([kept]);
      await shop.query(
        "CREATE TABLE a (id int PRIMARY KEY) ROW_FORMAT=COMPRESSED COMMENT='an \"old\" one' PARTITION BY HASH (id) PARTITIONS 3",
      );
      await shop.query("CREATE TABLE b (id int PRIMARY KEY) DEFAULT CHARSET=latin1 WITH SYSTEM VERSIONING");
      const created = async (name: string) =>
        Object.values((await shop.query(`SHOW CREATE TABLE ${name}`))[0] as object)[1] as string;
      const before = [await created("a"), await created("b")];
      await shop.migrate([kept], { drops: ["a", "b"] });
      await shop.down();
      expect([await created("a"), await created("b")]).toEqual(before);
    });

    test("migrate promise 2: functions that views and triggers call are in the copy", async () => {
      const note = (columns: object) => [entity("Note", { words: { type: "varchar" }, ...columns })];
      await shop.migrate(note({}));
      await shop.query("CREATE FUNCTION shout(s varchar(99)) RETURNS varchar(99) DETERMINISTIC RETURN upper(s)");
      await shop.query("CREATE VIEW loud AS SELECT id, shout(words) AS w FROM note");
      await shop.query("CREATE TRIGGER louder BEFORE INSERT ON note FOR EACH ROW SET NEW.words = shout(NEW.words)");
      await shop.query("INSERT INTO note (words) VALUES ('a')");
      await shop.migrate(note({ more: { type: "int", nullable: true } }));
      expect(await shop.query("SELECT w FROM loud")).toEqual([{ w: "A" }]);
    });
  },
  ["mariadb"],
);
