import type { QueryRunner } from "typeorm";
import type { Requirement } from "../../schema/dialect";
import { quote } from "./create";

/** Schemas and extensions, then what tables are made of, then routines. */
export async function requirements(runner: QueryRunner): Promise<Requirement[]> {
  const schemas = (await runner.query(SCHEMAS)) as { text: string }[];
  const found: Requirement[] = schemas
    .filter(({ text }) => text !== "public")
    .map(({ text }) => ({ name: `schema ${text}`, create: `CREATE SCHEMA IF NOT EXISTS ${quote(text)}` }));
  for (const query of [EXTENSIONS, TYPES, SEQUENCES, ROUTINES]) found.push(...(await requirementsBy(runner, query)));
  return found;
}

export async function requirementsBy(runner: QueryRunner, query: string): Promise<Requirement[]> {
  const rows = (await runner.query(query)) as (Requirement & { drop: string | null })[];
  return rows.map(({ name, create, drop }) => ({ name, create, drop: drop ?? undefined }));
}

export const OF_USERS = `nspname !~ '^(pg_|information_schema$)'`;

export const isOfExtension = (catalog: string, oid: string) =>
  `EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.classid = '${catalog}'::regclass AND d.objid = ${oid} AND d.deptype = 'e')`;

export const SCHEMAS = `SELECT nspname::text AS "text" FROM pg_namespace WHERE ${OF_USERS} ORDER BY 1`;

export const EXTENSIONS = `SELECT format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA %I CASCADE', extname, nspname) AS "create",
    format('extension %s', extname) AS "name", NULL AS "drop"
  FROM pg_extension JOIN pg_namespace AS n ON n.oid = extnamespace WHERE extname <> 'plpgsql' ORDER BY pg_extension.oid`;

export const TYPES = `SELECT CASE typtype
    WHEN 'd' THEN format('CREATE DOMAIN %I.%I AS %s', nspname, typname, format_type(typbasetype, typtypmod))
      || coalesce(' DEFAULT ' || typdefault, '') || CASE WHEN typnotnull THEN ' NOT NULL' ELSE '' END
      || coalesce((SELECT string_agg(format(' CONSTRAINT %I %s', conname, pg_get_constraintdef(c.oid)), '')
        FROM pg_constraint AS c WHERE contypid = t.oid AND contype = 'c'), '')
    WHEN 'c' THEN format('CREATE TYPE %I.%I AS (%s)', nspname, typname,
      (SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
        FROM pg_attribute WHERE attrelid = typrelid AND attnum > 0 AND NOT attisdropped))
    ELSE format('CREATE TYPE %I.%I AS RANGE (SUBTYPE = %s)', nspname, typname, format_type((SELECT rngsubtype FROM pg_range WHERE rngtypid = t.oid), NULL))
    END AS "create", format('type %I.%I', nspname, typname) AS "name",
    format('DROP %s %I.%I', CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, nspname, typname) AS "drop"
  FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = typnamespace LEFT JOIN pg_class AS r ON r.oid = typrelid
  WHERE (typtype IN ('d', 'r') OR r.relkind = 'c') AND ${OF_USERS} AND NOT ${isOfExtension("pg_type", "t.oid")} ORDER BY t.oid`;

export const SEQUENCES = `SELECT format('CREATE SEQUENCE %I.%I AS %s INCREMENT %s MINVALUE %s MAXVALUE %s START %s', nspname, relname,
    format_type(seqtypid, NULL), seqincrement, seqmin, seqmax, seqstart) AS "create",
    format('sequence %I.%I', nspname, relname) AS "name", format('DROP SEQUENCE %I.%I', nspname, relname) AS "drop"
  FROM pg_sequence JOIN pg_class AS c ON c.oid = seqrelid JOIN pg_namespace AS n ON n.oid = relnamespace
  WHERE ${OF_USERS} AND NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i', 'e'))
  ORDER BY c.oid`;

export const ROUTINES = `SELECT pg_get_functiondef(p.oid) AS "create",
    format('%s %s', CASE prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, p.oid::regprocedure) AS "name",
    format('DROP ROUTINE %s', p.oid::regprocedure) AS "drop"
  FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = pronamespace
  WHERE prokind IN ('f', 'p') AND ${OF_USERS} AND NOT ${isOfExtension("pg_proc", "p.oid")} ORDER BY p.oid`;
