import type { QueryRunner } from "typeorm";
import { groupBy } from "../../../groups";
import { type ObjectName, type TableDependent, keyOf } from "../../schema/model";

/*
 * What the catalog keeps of a table or view beside its definition, as statements that create it again: options, owner,
 * privileges, comments, rules, policies. An object that is dropped and created again gets all of it back.
 */

/** The statements by the table's or view's oid, in an order in which they can be executed. */
export async function readBeside(runner: QueryRunner, schemas: readonly string[]): Promise<Map<number, string[]>> {
  const rows = (await runner.query(BESIDE, [schemas])) as { oid: number; statement: string }[];
  return new Map(
    [...groupBy(rows, ({ oid }) => oid)].map(([oid, own]) => [oid, own.map(({ statement }) => statement)]),
  );
}

/** The statements for each column of tables, by the table's oid and the column's name; see `Column.beside`. */
export async function readBesideColumns(
  runner: QueryRunner,
  schemas: readonly string[],
): Promise<(oid: number, column: string) => string[] | undefined> {
  const rows = (await runner.query(BESIDE_COLUMNS, [schemas])) as { oid: number; column: string; statement: string }[];
  const found = groupBy(rows, ({ oid, column }) => `${oid} ${column}`);
  return (oid, column) => found.get(`${oid} ${column}`)?.map(({ statement }) => statement);
}

/** The statements that create the partitions of a table, by its oid. */
export async function readPartitions(runner: QueryRunner, schemas: readonly string[]): Promise<Map<number, string[]>> {
  const rows = (await runner.query(PARTITIONS, [schemas])) as { oid: number; statement: string }[];
  return new Map(
    [...groupBy(rows, ({ oid }) => oid)].map(([oid, own]) => [oid, own.map(({ statement }) => statement)]),
  );
}

/**
 * Policies, triggers, rules and publications that name columns, by the oid of their table: the type of such a column cannot
 * change. Statistics lose their target when it does.
 */
export async function readDependents(
  runner: QueryRunner,
  schemas: readonly string[],
  nameOf: (schema: string, name: string) => ObjectName,
): Promise<Map<number, TableDependent[]>> {
  const [{ version }] = (await runner.query(`SELECT current_setting('server_version_num')::int AS "version"`)) as [
    { version: number },
  ];
  const rows = (await runner.query(DEPENDENTS(version < 150_000 ? "" : PUBLICATIONS), [schemas])) as DependentRow[];
  return new Map(
    [...groupBy(rows, ({ oid }) => oid)].map(([oid, own]) => [
      oid,
      own.map(({ kind, name, on, definitions, uses }): TableDependent => ({
        kind,
        name,
        drop: dropOf(kind, name, on),
        create: definitions,
        uses: uses.map(({ schema, table, column }) => ({ table: keyOf(nameOf(schema, table)), column })),
      })),
    ]),
  );
}

function dropOf(kind: TableDependent["kind"], name: string, on: string): string | undefined {
  if (kind === "statistics") return undefined;
  return kind === "publication"
    ? `ALTER PUBLICATION ${name} DROP TABLE ${on}`
    : `DROP ${kind.toUpperCase()} ${name} ON ${on}`;
}

interface DependentRow {
  readonly oid: number;
  readonly kind: TableDependent["kind"];
  /** Quoted where it must be. */
  readonly name: string;
  readonly on: string;
  readonly definitions: readonly string[];
  readonly uses: readonly { readonly schema: string; readonly table: string; readonly column: string }[];
}

/** The relations of the schemas, with the names that statements give them. */
const RELATIONS = `
  SELECT c.*, n.nspname,
    CASE WHEN c.relispartition THEN pg_partition_root(c.oid) ELSE c.oid END AS "root",
    CASE WHEN n.nspname = current_schema() THEN quote_ident(c.relname) ELSE format('%I.%I', n.nspname, c.relname) END AS "path",
    CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END AS "word"
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'v', 'm')`;

const POLICY = (
  policy: string,
  path: string,
) => `format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', ${policy}.polname, ${path},
    CASE WHEN ${policy}.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
    CASE ${policy}.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
    (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END, ', ' ORDER BY role) FROM unnest(${policy}.polroles) role),
    ' USING (' || pg_get_expr(${policy}.polqual, ${policy}.polrelid) || ')',
    ' WITH CHECK (' || pg_get_expr(${policy}.polwithcheck, ${policy}.polrelid) || ')')`;

const RULE_STATE = (rule: string, path: string) =>
  `format('ALTER TABLE %s %s RULE %I', ${path}, CASE ${rule}.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, ${rule}.rulename)`;

const TRIGGER_STATE = (trigger: string, path: string) =>
  `format('ALTER TABLE %s %s TRIGGER %I', ${path}, CASE ${trigger}.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, ${trigger}.tgname)`;

const GRANT = (column: string) => `format('GRANT %s%s ON %s TO %s%s', acl.privilege_type, ${column}, r.path,
    CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END,
    CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)`;

/** Columns of tables that are no partitions have theirs in BESIDE_COLUMNS. */
const HAS_OWN_COLUMNS = "(relkind IN ('r', 'p') AND NOT relispartition)";

const COMMENT = (what: string, names: string, catalog: string, oid: string) =>
  `format('COMMENT ON ${what} IS %L', ${names}, obj_description(${oid}, '${catalog}'))`;

const INDEXES = "r JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class x ON x.oid = i.indexrelid";

/** Whose privileges on a new relation are those that ALTER DEFAULT PRIVILEGES has given. */
const DEFAULT_GRANTEES = `(
    SELECT DISTINCT grantee FROM pg_default_acl, aclexplode(defaclacl) one
    WHERE defaclobjtype = 'r' AND pg_get_userbyid(defaclrole) = current_user AND defaclnamespace IN (0, r.relnamespace) AND grantee <> r.relowner)`;

const GRANTEE = `CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END`;

/** Owner and options first, privileges last. Comments of tables and their columns are part of the model. */
const BESIDE = `WITH r AS (${RELATIONS})
  SELECT root AS "oid", statement FROM (
    SELECT oid, 1 AS place, format('ALTER %s %s OWNER TO %I', word, path, pg_get_userbyid(relowner)) AS statement FROM r
      WHERE pg_get_userbyid(relowner) <> current_user
    UNION ALL SELECT oid, 2, format('ALTER %s %s SET (%s)', word, path, array_to_string(reloptions, ', ')) FROM r WHERE reloptions IS NOT NULL
    UNION ALL SELECT r.oid, 2, format('ALTER TABLE %s SET (%s)', path, (SELECT string_agg('toast.' || one, ', ') FROM unnest(t.reloptions) one))
      FROM r JOIN pg_class t ON t.oid = r.reltoastrelid WHERE t.reloptions IS NOT NULL
    UNION ALL SELECT oid, 2, format('ALTER TABLE %s SET UNLOGGED', path) FROM r WHERE relkind = 'r' AND relpersistence = 'u'
    UNION ALL SELECT oid, 2, format('ALTER TABLE %s REPLICA IDENTITY %s', path, CASE relreplident WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END)
      FROM r WHERE relkind IN ('r', 'p') AND relreplident IN ('f', 'n')
    UNION ALL SELECT r.oid, 2, format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', path, x.relname) FROM ${INDEXES} WHERE i.indisreplident
    UNION ALL SELECT r.oid, 2, format('ALTER %s %s CLUSTER ON %I', word, path, x.relname) FROM ${INDEXES} WHERE i.indisclustered
    UNION ALL SELECT r.oid, 3, format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s', nspname, x.relname, attnum, attstattarget)
      FROM ${INDEXES} JOIN pg_attribute ON attrelid = x.oid WHERE attstattarget >= 0
    UNION ALL SELECT r.oid, 3, ${COMMENT("INDEX %I.%I", "nspname, x.relname", "pg_class", "x.oid")}
      FROM ${INDEXES} WHERE obj_description(x.oid, 'pg_class') IS NOT NULL
    UNION ALL SELECT r.oid, 3, format('ALTER %s %s ALTER COLUMN %I SET STATISTICS %s', word, path, attname, attstattarget)
      FROM r JOIN pg_attribute ON attrelid = r.oid WHERE attnum > 0 AND NOT attisdropped AND relkind <> 'v' AND attstattarget >= 0 AND NOT ${HAS_OWN_COLUMNS}
    UNION ALL SELECT r.oid, 3, format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', path, attname, pg_get_expr(adbin, adrelid))
      FROM r JOIN pg_attribute ON attrelid = r.oid JOIN pg_attrdef ON adrelid = r.oid AND adnum = attnum WHERE relkind = 'v'
    UNION ALL SELECT r.oid, 3, format('ALTER SEQUENCE %I.%I INCREMENT %s MINVALUE %s MAXVALUE %s START %s CACHE %s%s', nspname, q.relname,
        seqincrement, seqmin, seqmax, seqstart, seqcache, CASE WHEN seqcycle THEN ' CYCLE' ELSE '' END)
      FROM r JOIN pg_depend d ON d.refobjid = r.oid AND d.deptype IN ('a', 'i') JOIN pg_class q ON q.oid = d.objid AND q.relkind = 'S'
      JOIN pg_sequence ON seqrelid = q.oid JOIN pg_attribute ON attrelid = r.oid AND attnum = d.refobjsubid
      WHERE q.relname = r.relname || '_' || attname || '_seq' AND (seqincrement, seqmin, seqstart, seqcache, seqcycle) <> (1, 1, 1, 1, false)
    UNION ALL SELECT r.oid, 4, format('COMMENT ON %s %s IS %L', word, path, description)
      FROM r JOIN pg_description ON objoid = r.oid AND classoid = 'pg_class'::regclass AND objsubid = 0 WHERE relkind IN ('v', 'm')
    UNION ALL SELECT r.oid, 4, format('COMMENT ON COLUMN %s.%I IS %L', path, attname, description)
      FROM r JOIN pg_attribute ON attrelid = r.oid
      JOIN pg_description ON objoid = r.oid AND classoid = 'pg_class'::regclass AND objsubid = attnum
      WHERE relkind IN ('v', 'm') AND attnum > 0
    UNION ALL SELECT r.oid, 4, ${COMMENT("CONSTRAINT %I ON %s", "conname, path", "pg_constraint", "c.oid")}
      FROM r JOIN pg_constraint c ON conrelid = r.oid WHERE contype <> 'f' AND obj_description(c.oid, 'pg_constraint') IS NOT NULL
    UNION ALL SELECT r.oid, 4, pg_get_statisticsobjdef(e.oid) FROM r JOIN pg_statistic_ext e ON stxrelid = r.oid
    UNION ALL SELECT r.oid, 5, format('ALTER STATISTICS %s SET STATISTICS %s', e.path, (to_jsonb(e) ->> 'stxstattarget')::int)
      FROM r JOIN (SELECT *, format('%I.%I', stxnamespace::regnamespace, stxname) AS path FROM pg_statistic_ext) e ON stxrelid = r.oid WHERE (to_jsonb(e) ->> 'stxstattarget')::int >= 0
    UNION ALL SELECT r.oid, 5, ${COMMENT("STATISTICS %I.%I", "stxnamespace::regnamespace, stxname", "pg_statistic_ext", "e.oid")}
      FROM r JOIN pg_statistic_ext e ON stxrelid = r.oid WHERE obj_description(e.oid, 'pg_statistic_ext') IS NOT NULL
    UNION ALL SELECT r.oid, 5, pg_get_ruledef(w.oid) FROM r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN'
    UNION ALL SELECT r.oid, 6, ${RULE_STATE("w", "r.path")} FROM r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN' AND w.ev_enabled <> 'O'
    UNION ALL SELECT r.oid, 6, ${COMMENT("RULE %I ON %s", "w.rulename, path", "pg_rewrite", "w.oid")}
      FROM r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE obj_description(w.oid, 'pg_rewrite') IS NOT NULL
    UNION ALL SELECT r.oid, 5, pg_get_triggerdef(t.oid) FROM r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal AND relkind = 'v'
    UNION ALL SELECT r.oid, 6, ${TRIGGER_STATE("t", "path")}
      FROM r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal AND t.tgenabled <> 'O'
    UNION ALL SELECT r.oid, 6, ${COMMENT("TRIGGER %I ON %s", "t.tgname, path", "pg_trigger", "t.oid")}
      FROM r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal AND obj_description(t.oid, 'pg_trigger') IS NOT NULL
    UNION ALL SELECT oid, 6, format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', path) FROM r WHERE relrowsecurity
    UNION ALL SELECT oid, 6, format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', path) FROM r WHERE relforcerowsecurity
    UNION ALL SELECT r.oid, 6, ${POLICY("p", "r.path")} FROM r JOIN pg_policy p ON p.polrelid = r.oid
    UNION ALL SELECT r.oid, 7, ${COMMENT("POLICY %I ON %s", "p.polname, path", "pg_policy", "p.oid")}
      FROM r JOIN pg_policy p ON p.polrelid = r.oid WHERE obj_description(p.oid, 'pg_policy') IS NOT NULL
    UNION ALL SELECT oid, 7, format('REVOKE ALL ON %s FROM %s', path, ${GRANTEE}) FROM r, LATERAL ${DEFAULT_GRANTEES} theirs
    UNION ALL SELECT oid, 8, format('REVOKE %s ON %s FROM %I', full_acl.privilege_type, path, pg_get_userbyid(relowner))
      FROM r, aclexplode(acldefault('r', relowner)) full_acl WHERE relacl IS NOT NULL AND full_acl.grantee = relowner AND relkind <> 'c'
        AND NOT EXISTS (SELECT 1 FROM aclexplode(relacl) own WHERE own.grantee = relowner AND own.privilege_type = full_acl.privilege_type)
    UNION ALL SELECT r.oid, 8, ${GRANT("''")} FROM r, aclexplode(r.relacl) acl WHERE acl.grantee <> r.relowner
    UNION ALL SELECT r.oid, 8, ${GRANT("format(' (%I)', a.attname)")}
      FROM r JOIN pg_attribute a ON a.attrelid = r.oid, aclexplode(a.attacl) acl WHERE acl.grantee <> r.relowner AND NOT ${HAS_OWN_COLUMNS}
  ) AS statements JOIN r USING (oid) ORDER BY 1, place, statement`;

/** Of a column's own, what a change of its type resets comes first. */
const BESIDE_COLUMNS = `WITH a AS (
    SELECT a.*, typstorage, relowner FROM (${RELATIONS}) r JOIN pg_attribute a ON attrelid = r.oid JOIN pg_type t ON t.oid = atttypid
    WHERE attnum > 0 AND NOT attisdropped AND ${HAS_OWN_COLUMNS})
  SELECT attrelid AS "oid", attname AS "column", statement FROM (
    SELECT attrelid, attname, 1 AS place, 'ALTER TABLE $table ALTER COLUMN $column SET STORAGE '
        || CASE attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END AS statement
      FROM a WHERE attstorage <> typstorage
    UNION ALL SELECT attrelid, attname, 1, 'ALTER TABLE $table ALTER COLUMN $column SET COMPRESSION ' || CASE to_jsonb(a) ->> 'attcompression' WHEN 'l' THEN 'lz4' ELSE 'pglz' END
      FROM a WHERE to_jsonb(a) ->> 'attcompression' <> ''
    UNION ALL SELECT attrelid, attname, 2, 'ALTER TABLE $table ALTER COLUMN $column SET STATISTICS ' || attstattarget FROM a WHERE attstattarget >= 0
    UNION ALL SELECT attrelid, attname, 2, format('ALTER TABLE $table ALTER COLUMN $column SET (%s)', one)
      FROM a, unnest(attoptions) one WHERE one LIKE 'n_distinct%'
    UNION ALL SELECT attrelid, attname, 3, format('GRANT %s ($column) ON $table TO %s%s', privilege_type, ${GRANTEE},
        CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
      FROM a, aclexplode(attacl) acl WHERE grantee <> relowner
  ) AS statements ORDER BY 1, 2, place, statement`;

const PARTITIONS = `WITH r AS (${RELATIONS})
  SELECT r.root AS "oid", format('CREATE TABLE %s PARTITION OF %s %s%s', r.path, parent.path, pg_get_expr(r.relpartbound, r.oid),
    ' PARTITION BY ' || pg_get_partkeydef(r.oid)) AS "statement"
  FROM r JOIN pg_inherits i ON i.inhrelid = r.oid JOIN r AS parent ON parent.oid = i.inhparent
  WHERE r.relispartition ORDER BY r.oid`;

const USED = (catalog: string, oid: string) => `(
    SELECT json_agg(json_build_object('schema', un.nspname, 'table', uc.relname, 'column', ua.attname) ORDER BY un.nspname, uc.relname, ua.attname)
    FROM pg_depend d JOIN pg_class uc ON uc.oid = d.refobjid JOIN pg_namespace un ON un.oid = uc.relnamespace
    JOIN pg_attribute ua ON ua.attrelid = uc.oid AND ua.attnum = d.refobjsubid
    WHERE d.classid = '${catalog}'::regclass AND d.objid = ${oid} AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0)`;

const COMMENT_IF = (what: string, catalog: string, oid: string, name: string) =>
  `(SELECT format('COMMENT ON ${what} %I ON %s IS %L', ${name}, r.path, text) FROM obj_description(${oid}, '${catalog}') text WHERE text IS NOT NULL)`;

const STATEMENTS = (...statements: string[]) => `to_json(array_remove(ARRAY[${statements.join(", ")}], NULL))`;

/** @param publications the part about publications with a condition, which PostgreSQL 15 began */
const DEPENDENTS = (publications: string) => `WITH r AS (${RELATIONS})
  SELECT * FROM (
    SELECT r.oid, 'policy' AS "kind", quote_ident(p.polname) AS "name", r.path AS "on",
      ${STATEMENTS(POLICY("p", "r.path"), COMMENT_IF("POLICY", "pg_policy", "p.oid", "p.polname"))} AS "definitions",
      ${USED("pg_policy", "p.oid")} AS "uses"
      FROM r JOIN pg_policy p ON p.polrelid = r.oid
    UNION ALL SELECT r.oid, 'trigger', quote_ident(t.tgname), r.path,
      ${STATEMENTS("pg_get_triggerdef(t.oid)", `CASE WHEN t.tgenabled <> 'O' THEN ${TRIGGER_STATE("t", "r.path")} END`, COMMENT_IF("TRIGGER", "pg_trigger", "t.oid", "t.tgname"))},
      ${USED("pg_trigger", "t.oid")}
      FROM r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal AND relkind IN ('r', 'p')
    UNION ALL SELECT r.oid, 'rule', quote_ident(w.rulename), r.path,
      ${STATEMENTS("pg_get_ruledef(w.oid)", `CASE WHEN w.ev_enabled <> 'O' THEN ${RULE_STATE("w", "r.path")} END`, COMMENT_IF("RULE", "pg_rewrite", "w.oid", "w.rulename"))},
      ${USED("pg_rewrite", "w.oid")}
      FROM r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN' AND relkind IN ('r', 'p')
    ${publications}
    UNION ALL SELECT r.oid, 'statistics', quote_ident(stxname), r.path,
      ${STATEMENTS("format('ALTER STATISTICS %I.%I SET STATISTICS %s', stxnamespace::regnamespace, stxname, (to_jsonb(e) ->> 'stxstattarget')::int)")},
      ${USED("pg_statistic_ext", "e.oid")}
      FROM r JOIN pg_statistic_ext e ON stxrelid = r.oid WHERE (to_jsonb(e) ->> 'stxstattarget')::int >= 0 AND relkind IN ('r', 'p')
    UNION ALL SELECT r.oid, 'statistics', quote_ident(x.relname), r.path,
      ${STATEMENTS("format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s', r.nspname, x.relname, a.attnum, a.attstattarget)")},
      ${USED("pg_class", "x.oid")}
      FROM r JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_attribute a ON a.attrelid = x.oid
      WHERE a.attstattarget >= 0 AND r.relkind IN ('r', 'p')
  ) AS dependents WHERE "uses" IS NOT NULL ORDER BY oid, "kind", "name"`;

const PUBLICATIONS = `UNION ALL SELECT r.oid, 'publication', quote_ident(pubname), r.path,
      ${STATEMENTS("format('ALTER PUBLICATION %I ADD TABLE %s%s%s', pubname, r.path, ' (' || (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = r.oid AND attnum = ANY(prattrs)) || ')', ' WHERE (' || pg_get_expr(prqual, r.oid) || ')')")},
      ${USED("pg_publication_rel", "l.oid")}
      FROM r JOIN pg_publication_rel l ON prrelid = r.oid
      JOIN pg_publication p ON p.oid = prpubid WHERE prqual IS NOT NULL`;
