import type { QueryRunner } from "typeorm";
import type { Requirement, Scope } from "../../schema/dialect";

/**
 * Schemas and extensions, then what tables are made of, then routines. What is not the project's (in another schema, or ignored)
 * is among them only where something of the project's depends on it, as a bare definition that nobody drops.
 */
export async function requirements(runner: QueryRunner, scope: Scope): Promise<Requirement[]> {
  const [{ schema: standard }] = (await runner.query(`SELECT current_schema() AS "schema"`)) as [{ schema: string }];
  const schemas = [...new Set([standard, ...scope.schemas])];
  const isOurs = ({ schema, object }: CatalogEntry) => schemas.includes(schema) && !scope.isIgnored(object);
  const enums = (await definitionsBy(runner, ENUMS)).filter((one) => !isOurs(one));
  const objects = [...(await definitionsBy(runner, EXTENSIONS)), ...enums];
  for (const query of [TYPES, SEQUENCES, ROUTINES]) objects.push(...(await definitionsBy(runner, query)));
  const relations = (await runner.query(RELATIONS)) as CatalogEntry[];
  const isUsed = await usedBy(runner, [...relations, ...objects].filter(isOurs));
  const needed = objects.filter((one) => isOurs(one) || isUsed(one));
  const places = new Set([...schemas, ...needed.map(({ schema }) => schema)]);
  return [
    ...(await definitionsBy(runner, SCHEMAS_AS_OBJECTS))
      .filter(({ schema }) => places.has(schema) && schema !== "public")
      .map((one) => requirementOf(one, schemas.includes(one.schema))),
    ...needed.map((one) => requirementOf(one, isOurs(one))),
  ];
}

function requirementOf({ name, create, beside, drop }: Definition, isOurs: boolean): Requirement {
  return isOurs ? { name, create, beside, drop: drop ?? undefined } : { name, create };
}

/** Whether one of the objects depends on it, also over others, as the server knows. */
async function usedBy(
  runner: QueryRunner,
  objects: readonly CatalogEntry[],
): Promise<(object: CatalogEntry) => boolean> {
  const key = ({ catalog, oid }: Pick<CatalogEntry, "catalog" | "oid">) => `${catalog} ${oid}`;
  const parameters = [objects.map(({ catalog }) => catalog), objects.map(({ oid }) => oid)];
  const used = new Set(((await runner.query(USED, parameters)) as CatalogEntry[]).map(key));
  return (object) => used.has(key(object));
}

/** The statements that create what the query finds, wherever it is. */
export async function creationBy(runner: QueryRunner, query: string): Promise<string[]> {
  return (await definitionsBy(runner, query)).map(({ create }) => create);
}

/** A row of a catalog. */
interface CatalogEntry {
  readonly catalog: number;
  readonly oid: number;
  readonly schema: string;
  /** Its name alone. */
  readonly object: string;
}

interface Definition extends CatalogEntry {
  readonly name: string;
  readonly create: string;
  readonly beside: readonly string[];
  readonly drop: string | null;
}

async function definitionsBy(runner: QueryRunner, query: string): Promise<Definition[]> {
  return (await runner.query(WITH_BESIDE(query))) as Definition[];
}

const OF_USERS = `nspname !~ '^(pg_|information_schema$)'`;

export const isOfExtension = (catalog: string, oid: string) =>
  `EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.classid = '${catalog}'::regclass AND d.objid = ${oid} AND d.deptype = 'e')`;

export const SCHEMAS = `SELECT nspname::text AS "text" FROM pg_namespace WHERE ${OF_USERS} ORDER BY 1`;

const RELATIONS = `SELECT 'pg_class'::regclass::oid AS "catalog", c.oid, nspname AS "schema", relname AS "object"
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace WHERE relkind IN ('r', 'p', 'v', 'm') AND ${OF_USERS}`;

/**
 * What objects depend on ("n"), with their parts ("a", "i": defaults, constraints, indexes, triggers, rules of views). It does not go on
 * through other tables and views, which are not created.
 */
const USED = `WITH RECURSIVE used("catalog", "oid") AS (
    SELECT * FROM unnest($1::oid[], $2::oid[])
    UNION SELECT next.* FROM used, LATERAL (
      SELECT refclassid, refobjid FROM pg_depend WHERE classid = used."catalog" AND objid = used."oid"
      UNION ALL SELECT classid, objid FROM pg_depend WHERE refclassid = used."catalog" AND refobjid = used."oid" AND deptype IN ('a', 'i')
    ) AS next("catalog", "oid")
    WHERE next."catalog" <> 'pg_class'::regclass
      OR NOT EXISTS (SELECT 1 FROM pg_class AS c WHERE c.oid = next."oid" AND relkind IN ('r', 'p', 'v', 'm', 'f')))
  SELECT "catalog", "oid" FROM used`;

const GRANTEE = `CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END`;

/** Of two lists of privileges, those that only the first has. */
const PRIVILEGES_WITHOUT = (list: string, other: string) =>
  `aclexplode(${list}) AS one WHERE acl IS NOT NULL AND NOT EXISTS (SELECT 1 FROM aclexplode(${other}) AS two
      WHERE (two.grantee, two.privilege_type, two.is_grantable) = (one.grantee, one.privilege_type, one.is_grantable))`;

/**
 * With the statements that drop the object and that give it what its definition does not say: owner, comment and privileges.
 * "target" is its kind and name, NULL for what is left as it is; "acl_kind" is the letter of acldefault().
 */
const WITH_BESIDE = (
  query: string,
) => `SELECT "catalog"::regclass::oid AS "catalog", "oid", "schema", "object", "name", "create",
    'DROP ' || nullif(target, 'SCHEMA ' || quote_ident("schema")) AS "drop",
    array_remove(ARRAY[
        CASE WHEN pg_get_userbyid(owner) <> current_user THEN 'ALTER ' || target || ' OWNER TO ' || quote_ident(pg_get_userbyid(owner)) END,
        'COMMENT ON ' || target || ' IS ' || quote_literal(obj_description("oid", "catalog"))]
      || ARRAY(SELECT format('REVOKE %s ON %s FROM %s', privilege_type, target, ${GRANTEE})
        FROM ${PRIVILEGES_WITHOUT('acldefault(acl_kind::"char", owner)', "acl")} ORDER BY 1)
      || ARRAY(SELECT format('GRANT %s ON %s TO %s%s', privilege_type, target, ${GRANTEE}, CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
        FROM ${PRIVILEGES_WITHOUT("acl", 'acldefault(acl_kind::"char", owner)')} ORDER BY 1), NULL) AS "beside"
  FROM (${query}) AS found ORDER BY "oid"`;

const SCHEMAS_AS_OBJECTS = `SELECT 'pg_namespace' AS "catalog", oid, nspname AS "schema", nspname AS "object", format('schema %s', nspname) AS "name",
    format('CREATE SCHEMA IF NOT EXISTS %I', nspname) AS "create", format('SCHEMA %I', nspname) AS target,
    nspowner AS owner, nspacl AS acl, 'n' AS acl_kind
  FROM pg_namespace WHERE ${OF_USERS}`;

export const EXTENSIONS = `SELECT 'pg_extension' AS "catalog", e.oid, nspname AS "schema", extname AS "object", format('extension %s', extname) AS "name",
    format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA %I CASCADE', extname, nspname) AS "create", NULL AS target,
    extowner AS owner, NULL::aclitem[] AS acl, 'f' AS acl_kind
  FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = extnamespace WHERE extname <> 'plpgsql'`;

const OF_TYPE = `'pg_type' AS "catalog", t.oid, nspname AS "schema", typname AS "object", format('type %I.%I', nspname, typname) AS "name"`;

const ENUMS = `SELECT ${OF_TYPE}, format('CREATE TYPE %I.%I AS ENUM (%s)', nspname, typname,
      (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid)) AS "create",
    format('TYPE %I.%I', nspname, typname) AS target, typowner AS owner, typacl AS acl, 'T' AS acl_kind
  FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = typnamespace
  WHERE typtype = 'e' AND ${OF_USERS} AND NOT ${isOfExtension("pg_type", "t.oid")}`;

const COLLATION = (oid: string) =>
  `(SELECT format('%s.%I', collnamespace::regnamespace, collname) FROM pg_collation AS l WHERE l.oid = ${oid})`;

/** The collation, where it is not the type's own. */
const COLLATE = (oid: string, type: string) =>
  `coalesce(' COLLATE ' || CASE WHEN ${oid} <> (SELECT typcollation FROM pg_type AS own WHERE own.oid = ${type}) THEN ${COLLATION(oid)} END, '')`;

/** The name that PostgreSQL gives the type of several ranges. */
const MULTIRANGE = `CASE WHEN typname LIKE '%range%' THEN regexp_replace(typname, 'range', 'multirange') ELSE typname || '_multirange' END`;

const RANGE = `(SELECT concat_ws(', ', format('SUBTYPE = %s', format_type(rngsubtype, NULL)),
      (SELECT format('SUBTYPE_OPCLASS = %s.%I', opcnamespace::regnamespace, opcname) FROM pg_opclass AS o WHERE o.oid = rngsubopc AND NOT opcdefault),
      'COLLATION = ' || CASE WHEN rngcollation <> (SELECT typcollation FROM pg_type AS own WHERE own.oid = rngsubtype) THEN ${COLLATION("rngcollation")} END,
      'CANONICAL = ' || nullif(rngcanonical::oid, 0)::regproc, 'SUBTYPE_DIFF = ' || nullif(rngsubdiff::oid, 0)::regproc,
      (SELECT format('MULTIRANGE_TYPE_NAME = %s.%I', m.typnamespace::regnamespace, m.typname) FROM pg_type AS m
        WHERE m.oid = (to_jsonb(g) ->> 'rngmultitypid')::oid AND (m.typname::text, m.typnamespace) <> (${MULTIRANGE}, t.typnamespace)))
    FROM pg_range AS g WHERE rngtypid = t.oid)`;

export const TYPES = `SELECT ${OF_TYPE}, CASE typtype
    WHEN 'd' THEN format('CREATE DOMAIN %I.%I AS %s', nspname, typname, format_type(typbasetype, typtypmod)) || ${COLLATE("t.typcollation", "t.typbasetype")}
      || coalesce(' DEFAULT ' || typdefault, '') || CASE WHEN typnotnull THEN ' NOT NULL' ELSE '' END
      || coalesce((SELECT string_agg(format(' CONSTRAINT %I %s', conname, pg_get_constraintdef(c.oid)), '' ORDER BY conname)
        FROM pg_constraint AS c WHERE contypid = t.oid AND contype = 'c'), '')
    WHEN 'c' THEN format('CREATE TYPE %I.%I AS (%s)', nspname, typname,
      (SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)) || ${COLLATE("attcollation", "atttypid")}, ', ' ORDER BY attnum)
        FROM pg_attribute WHERE attrelid = typrelid AND attnum > 0 AND NOT attisdropped))
    ELSE format('CREATE TYPE %I.%I AS RANGE (%s)', nspname, typname, ${RANGE})
    END AS "create", format('%s %I.%I', CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, nspname, typname) AS target,
    typowner AS owner, typacl AS acl, 'T' AS acl_kind
  FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = typnamespace LEFT JOIN pg_class AS r ON r.oid = typrelid
  WHERE (typtype IN ('d', 'r') OR r.relkind = 'c') AND ${OF_USERS} AND NOT ${isOfExtension("pg_type", "t.oid")}`;

export const SEQUENCES = `SELECT 'pg_class' AS "catalog", c.oid, nspname AS "schema", relname AS "object", format('sequence %I.%I', nspname, relname) AS "name",
    format('CREATE %sSEQUENCE %I.%I AS %s INCREMENT %s MINVALUE %s MAXVALUE %s START %s CACHE %s%s', CASE relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END,
      nspname, relname, format_type(seqtypid, NULL), seqincrement, seqmin, seqmax, seqstart, seqcache, CASE WHEN seqcycle THEN ' CYCLE' ELSE '' END) AS "create",
    format('SEQUENCE %I.%I', nspname, relname) AS target, relowner AS owner, relacl AS acl, 's' AS acl_kind
  FROM pg_sequence JOIN pg_class AS c ON c.oid = seqrelid JOIN pg_namespace AS n ON n.oid = relnamespace
  WHERE ${OF_USERS} AND NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i', 'e'))`;

/** Without those that belong to a type: a range comes with its constructors. */
export const ROUTINES = `SELECT 'pg_proc' AS "catalog", p.oid, nspname AS "schema", proname AS "object",
    format('%s %s', CASE prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, p.oid::regprocedure) AS "name",
    pg_get_functiondef(p.oid) AS "create", format('ROUTINE %s', p.oid::regprocedure) AS target,
    proowner AS owner, proacl AS acl, 'f' AS acl_kind
  FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = pronamespace
  WHERE prokind IN ('f', 'p') AND ${OF_USERS} AND NOT ${isOfExtension("pg_proc", "p.oid")}
    AND NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')`;
