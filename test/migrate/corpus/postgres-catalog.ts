/** Schemas that a user made, and the default one. */
const OF_USERS = `nspname !~ '^(pg_|information_schema$)'`;

const NAMED = `quote_ident(n.nspname) || '.' || quote_ident`;

const ACL = (acl: string) => `(SELECT array_agg(one::text ORDER BY one::text) FROM unnest(${acl}) one)`;

const COMMENT = (oid: string, catalog: string) => `obj_description(${oid}, '${catalog}')`;

const COLUMNS = (relation: string, keys: string) =>
  `(SELECT array_agg(k.attname ORDER BY o.at) FROM unnest(${keys}) WITH ORDINALITY o(num, at) JOIN pg_attribute k ON k.attrelid = ${relation} AND k.attnum = o.num)`;

/**
 * Everything that PostgreSQL's catalogs say of what users made, a line an object, without numbers that the server gives:
 * kind, name, and what is said of it.
 */
export const POSTGRES_CATALOG = `
  SELECT kind, name, to_jsonb(facts)::text AS facts FROM (
  SELECT 'schema' AS kind, nspname::text AS name, jsonb_build_array(${ACL("nspacl")}, pg_get_userbyid(nspowner), ${COMMENT("n.oid", "pg_namespace")}) AS facts
    FROM pg_namespace n WHERE ${OF_USERS}
  UNION ALL SELECT 'relation', ${NAMED}(relname), jsonb_build_array(relkind, relpersistence, reloptions, ${ACL("relacl")}, pg_get_userbyid(relowner),
      spcname, amname, relreplident, relrowsecurity, relforcerowsecurity, relispartition, relispopulated, pg_get_expr(relpartbound, c.oid),
      CASE relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END, CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, ${COMMENT("c.oid", "pg_class")},
      (SELECT array_agg(inhparent::regclass::text ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = c.oid), reloftype::regtype)
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace LEFT JOIN pg_tablespace s ON s.oid = reltablespace LEFT JOIN pg_am m ON m.oid = relam
    WHERE ${OF_USERS} AND relkind <> 'S'
  UNION ALL SELECT 'column', ${NAMED}(relname) || '.' || attname, jsonb_build_array(
      (SELECT count(*) FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attnum > 0 AND o.attnum <= a.attnum AND NOT o.attisdropped),
      format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid), attidentity, attgenerated, attcollation::regcollation, attstattarget,
      attstorage, attcompression, (SELECT array_agg(one ORDER BY one) FROM unnest(attoptions) one WHERE one NOT LIKE 'pg_attver=%'), attfdwoptions, ${ACL("attacl")}, attislocal, attinhcount, col_description(c.oid, attnum))
    FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace LEFT JOIN pg_attrdef ON adrelid = c.oid AND adnum = attnum
    WHERE ${OF_USERS} AND attnum > 0 AND NOT attisdropped AND relkind NOT IN ('i', 'I', 'S')
  UNION ALL SELECT 'constraint', coalesce(conrelid::regclass::text, contypid::regtype::text) || ' ' || conname, jsonb_build_array(contype, pg_get_constraintdef(r.oid), convalidated, condeferrable, condeferred,
      conislocal, coninhcount, connoinherit, ${COMMENT("r.oid", "pg_constraint")})
    FROM pg_constraint r JOIN pg_namespace n ON n.oid = connamespace WHERE ${OF_USERS}
  UNION ALL SELECT 'index', ${NAMED}(relname), jsonb_build_array(pg_get_indexdef(c.oid), indisvalid, indisready, indisclustered, indisreplident, indimmediate,
      indnullsnotdistinct, reloptions, (SELECT array_agg(attstattarget ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid), ${COMMENT("c.oid", "pg_class")})
    FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE ${OF_USERS}
  UNION ALL SELECT 'trigger', tgrelid::regclass || ' ' || tgname, jsonb_build_array(pg_get_triggerdef(t.oid), tgenabled, ${COMMENT("t.oid", "pg_trigger")})
    FROM pg_trigger t WHERE NOT tgisinternal
  UNION ALL SELECT 'rule', ev_class::regclass || ' ' || rulename, jsonb_build_array(pg_get_ruledef(w.oid), ev_enabled, ${COMMENT("w.oid", "pg_rewrite")})
    FROM pg_rewrite w JOIN pg_class c ON c.oid = ev_class JOIN pg_namespace n ON n.oid = relnamespace WHERE ${OF_USERS}
  UNION ALL SELECT 'policy', polrelid::regclass || ' ' || polname, jsonb_build_array(polcmd, polpermissive, (SELECT array_agg(pg_get_userbyid(role)) FROM unnest(polroles) role),
      pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid), ${COMMENT("p.oid", "pg_policy")}) FROM pg_policy p
  UNION ALL SELECT 'type', t.oid::regtype::text, jsonb_build_array(typtype, format_type(typbasetype, typtypmod), typnotnull, typdefault, ${ACL("typacl")}, pg_get_userbyid(typowner),
      (SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid), ${COMMENT("t.oid", "pg_type")})
    FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE ${OF_USERS} AND typcategory <> 'A'
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
  UNION ALL SELECT 'routine', p.oid::regprocedure::text, jsonb_build_array(CASE WHEN prokind <> 'a' THEN pg_get_functiondef(p.oid) END, ${ACL("proacl")}, pg_get_userbyid(proowner), ${COMMENT("p.oid", "pg_proc")})
    FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE ${OF_USERS}
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
  UNION ALL SELECT 'sequence', ${NAMED}(relname), jsonb_build_array(seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle, pg_sequence_last_value(c.oid),
      pg_get_userbyid(relowner), ${ACL("relacl")}, ${COMMENT("c.oid", "pg_class")},
      (SELECT refobjid::regclass || '.' || refobjsubid FROM pg_depend WHERE objid = c.oid AND deptype IN ('a', 'i') AND refobjsubid > 0))
    FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE ${OF_USERS}
  UNION ALL SELECT 'statistics', stxname::text, jsonb_build_array(pg_get_statisticsobjdef(s.oid), stxstattarget, ${COMMENT("s.oid", "pg_statistic_ext")}) FROM pg_statistic_ext s
  UNION ALL SELECT 'publication', pubname::text, jsonb_build_array(puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot,
      (SELECT array_agg(jsonb_build_array(prrelid::regclass, pg_get_expr(prqual, prrelid), ${COLUMNS("prrelid", "prattrs")}) ORDER BY prrelid::regclass::text)
        FROM pg_publication_rel WHERE prpubid = p.oid)) FROM pg_publication p
  UNION ALL SELECT 'event trigger', evtname::text, jsonb_build_array(evtevent, evtfoid::regproc, evtenabled, evttags) FROM pg_event_trigger
  UNION ALL SELECT 'extension', extname::text, jsonb_build_array(extnamespace::regnamespace, extversion) FROM pg_extension
  UNION ALL SELECT 'server', srvname::text, jsonb_build_array(srvoptions, ${ACL("srvacl")}) FROM pg_foreign_server
  UNION ALL SELECT 'foreign table', ftrelid::regclass::text, jsonb_build_array(ftoptions) FROM pg_foreign_table
  UNION ALL SELECT 'default privileges', defaclobjtype::text || ' ' || defaclnamespace::regnamespace, jsonb_build_array(pg_get_userbyid(defaclrole), ${ACL("defaclacl")}) FROM pg_default_acl
  UNION ALL SELECT 'cast', castsource::regtype || ' ' || casttarget::regtype, jsonb_build_array(castfunc::regprocedure, castcontext) FROM pg_cast WHERE oid > 16383
  UNION ALL SELECT 'collation', collname::text, jsonb_build_array(collprovider, collcollate, colliculocale, collisdeterministic) FROM pg_collation c JOIN pg_namespace n ON n.oid = collnamespace WHERE ${OF_USERS}
  UNION ALL SELECT 'text search', cfgname::text, jsonb_build_array(cfgparser::text) FROM pg_ts_config c JOIN pg_namespace n ON n.oid = cfgnamespace WHERE ${OF_USERS}
  ) AS objects WHERE name !~ '(^|[. ])(typeorm_metadata|PK_\\w* ?typeorm)' ORDER BY 1, 2`;
