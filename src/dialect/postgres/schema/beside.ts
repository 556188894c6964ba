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

/** The statements that create the partitions of a table, by its oid. */
export async function readPartitions(runner: QueryRunner, schemas: readonly string[]): Promise<Map<number, string[]>> {
  const rows = (await runner.query(PARTITIONS, [schemas])) as { oid: number; statement: string }[];
  return new Map(
    [...groupBy(rows, ({ oid }) => oid)].map(([oid, own]) => [oid, own.map(({ statement }) => statement)]),
  );
}

/** Policies, triggers and rules that name columns, by the oid of their table: the type of such a column cannot change. */
export async function readDependents(
  runner: QueryRunner,
  schemas: readonly string[],
  nameOf: (schema: string, name: string) => ObjectName,
): Promise<Map<number, TableDependent[]>> {
  const rows = (await runner.query(DEPENDENTS, [schemas])) as DependentRow[];
  return new Map(
    [...groupBy(rows, ({ oid }) => oid)].map(([oid, own]) => [
      oid,
      own.map(({ kind, name, on, definition, uses }): TableDependent => ({
        kind,
        name,
        drop: `DROP ${kind.toUpperCase()} ${name} ON ${on}`,
        create: definition,
        uses: uses.map(({ schema, table, column }) => ({ table: keyOf(nameOf(schema, table)), column })),
      })),
    ]),
  );
}

interface DependentRow {
  readonly oid: number;
  readonly kind: TableDependent["kind"];
  /** Quoted where it must be. */
  readonly name: string;
  readonly on: string;
  readonly definition: string;
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
    (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END, ', ') FROM unnest(${policy}.polroles) role),
    ' USING (' || pg_get_expr(${policy}.polqual, ${policy}.polrelid) || ')',
    ' WITH CHECK (' || pg_get_expr(${policy}.polwithcheck, ${policy}.polrelid) || ')')`;

const GRANT = (column: string) => `format('GRANT %s%s ON %s TO %s%s', acl.privilege_type, ${column}, r.path,
    CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END,
    CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)`;

/** Owner and options first, privileges last. Comments of tables and their columns are part of the model. */
const BESIDE = `WITH r AS (${RELATIONS})
  SELECT root AS "oid", statement FROM (
    SELECT oid, 1 AS place, format('ALTER %s %s OWNER TO %I', word, path, pg_get_userbyid(relowner)) AS statement FROM r
      WHERE pg_get_userbyid(relowner) <> current_user
    UNION ALL SELECT oid, 2, format('ALTER %s %s SET (%s)', word, path, array_to_string(reloptions, ', ')) FROM r WHERE reloptions IS NOT NULL
    UNION ALL SELECT oid, 2, format('ALTER TABLE %s SET UNLOGGED', path) FROM r WHERE relkind = 'r' AND relpersistence = 'u'
    UNION ALL SELECT oid, 2, format('ALTER TABLE %s REPLICA IDENTITY %s', path, CASE relreplident WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END)
      FROM r WHERE relkind IN ('r', 'p') AND relreplident IN ('f', 'n')
    UNION ALL SELECT r.oid, 3, format('ALTER %s %s ALTER COLUMN %I SET STATISTICS %s', word, path, attname, attstattarget)
      FROM r JOIN pg_attribute ON attrelid = r.oid WHERE attnum > 0 AND NOT attisdropped AND relkind <> 'v' AND attstattarget >= 0
        AND current_setting('server_version_num')::int < 170000
    UNION ALL SELECT r.oid, 3, format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', path, attname, pg_get_expr(adbin, adrelid))
      FROM r JOIN pg_attribute ON attrelid = r.oid JOIN pg_attrdef ON adrelid = r.oid AND adnum = attnum WHERE relkind = 'v'
    UNION ALL SELECT r.oid, 4, format('COMMENT ON %s %s IS %L', word, path, description)
      FROM r JOIN pg_description ON objoid = r.oid AND classoid = 'pg_class'::regclass AND objsubid = 0 WHERE relkind IN ('v', 'm')
    UNION ALL SELECT r.oid, 4, format('COMMENT ON COLUMN %s.%I IS %L', path, attname, description)
      FROM r JOIN pg_attribute ON attrelid = r.oid
      JOIN pg_description ON objoid = r.oid AND classoid = 'pg_class'::regclass AND objsubid = attnum
      WHERE relkind IN ('v', 'm') AND attnum > 0
    UNION ALL SELECT r.oid, 5, pg_get_ruledef(w.oid) FROM r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN'
    UNION ALL SELECT r.oid, 5, pg_get_triggerdef(t.oid) FROM r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal AND relkind = 'v'
    UNION ALL SELECT r.oid, 6, format('ALTER TABLE %s %s TRIGGER %I', path, CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, t.tgname)
      FROM r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal AND t.tgenabled <> 'O'
    UNION ALL SELECT oid, 6, format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', path) FROM r WHERE relrowsecurity
    UNION ALL SELECT oid, 6, format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', path) FROM r WHERE relforcerowsecurity
    UNION ALL SELECT r.oid, 6, ${POLICY("p", "r.path")} FROM r JOIN pg_policy p ON p.polrelid = r.oid
    UNION ALL SELECT r.oid, 7, ${GRANT("''")} FROM r, aclexplode(r.relacl) acl WHERE acl.grantee <> r.relowner
    UNION ALL SELECT r.oid, 7, ${GRANT("format(' (%I)', a.attname)")}
      FROM r JOIN pg_attribute a ON a.attrelid = r.oid, aclexplode(a.attacl) acl WHERE acl.grantee <> r.relowner
  ) AS statements JOIN r USING (oid) ORDER BY 1, place, statement`;

const PARTITIONS = `WITH r AS (${RELATIONS})
  SELECT r.root AS "oid", format('CREATE TABLE %s PARTITION OF %s %s%s', r.path, parent.path, pg_get_expr(r.relpartbound, r.oid),
    ' PARTITION BY ' || pg_get_partkeydef(r.oid)) AS "statement"
  FROM r JOIN pg_inherits i ON i.inhrelid = r.oid JOIN r AS parent ON parent.oid = i.inhparent
  WHERE r.relispartition ORDER BY r.oid`;

const USED = (catalog: string, oid: string) => `(
    SELECT json_agg(json_build_object('schema', un.nspname, 'table', uc.relname, 'column', ua.attname))
    FROM pg_depend d JOIN pg_class uc ON uc.oid = d.refobjid JOIN pg_namespace un ON un.oid = uc.relnamespace
    JOIN pg_attribute ua ON ua.attrelid = uc.oid AND ua.attnum = d.refobjsubid
    WHERE d.classid = '${catalog}'::regclass AND d.objid = ${oid} AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0)`;

const DEPENDENTS = `WITH r AS (${RELATIONS})
  SELECT * FROM (
    SELECT r.oid, 'policy' AS "kind", quote_ident(p.polname) AS "name", r.path AS "on", ${POLICY("p", "r.path")} AS "definition",
      ${USED("pg_policy", "p.oid")} AS "uses"
      FROM r JOIN pg_policy p ON p.polrelid = r.oid
    UNION ALL SELECT r.oid, 'trigger', quote_ident(t.tgname), r.path, pg_get_triggerdef(t.oid), ${USED("pg_trigger", "t.oid")}
      FROM r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal AND relkind IN ('r', 'p')
    UNION ALL SELECT r.oid, 'rule', quote_ident(w.rulename), r.path, pg_get_ruledef(w.oid), ${USED("pg_rewrite", "w.oid")}
      FROM r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN' AND relkind IN ('r', 'p')
  ) AS dependents WHERE "uses" IS NOT NULL`;
