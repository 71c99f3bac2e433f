import {
  catalogOf,
  notOfExtension as ofNoExtension,
  relations,
  userRelation,
  userSchema,
} from './user-objects.ts';

/**
 * One query a kind of object; each answers rows `{ name, definition }` of what users made. `name` leaves
 * `public.` out, `definition` is what must be equal in two databases with the same schema. Written for
 * PostgreSQL 14 to 18, and for an empty search_path, so that every name in a definition is qualified. Extensions
 * stand without their version: a server may hold one that it can no longer install anew.
 */

const ofUsers = userSchema();
const notOfExtension = (catalog: string, oid: string) => ofNoExtension(catalogOf(catalog), oid);

const name = (schema: string, object: string) =>
  `CASE ${schema} WHEN 'public' THEN ${object}::text ELSE ${schema} || '.' || ${object} END`;

/** Privileges in words, sorted; what nobody granted counts as the default that it stands for. */
const privileges = (acl: string, kind: string, owner: string) => `(
  SELECT string_agg(format('%s: %s%s', CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END,
           privilege_type, CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END), ', '
           ORDER BY CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END, privilege_type)
  FROM aclexplode(coalesce(${acl}, acldefault('${kind}', ${owner}))))`;

/** What tells whether they are the same, and no secret that may be among them. */
const optionsOf = (options: string) => `'options ' || md5(array_to_string(${options}, ', '))`;

/** Quoted where it has to be, since expressions stand behind it in a definition. */
const owner = (oid: string) => `'owner ' || quote_ident(pg_get_userbyid(${oid}))`;

export const queries = {
  schema: `
    SELECT n.nspname AS name, ${owner('n.nspowner')} AS definition
    FROM pg_namespace n WHERE ${ofUsers} AND ${notOfExtension('pg_namespace', 'n.oid')}`,
  extension: `
    SELECT x.extname AS name, 'in schema ' || n.nspname AS definition
    FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace`,
  table: `
    SELECT ${name('n.nspname', 'c.relname')} AS name,
      concat_ws(' ', CASE c.relkind WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table' ELSE 'table' END,
        CASE c.relpersistence WHEN 'u' THEN 'unlogged' END, ${owner('c.relowner')},
        CASE WHEN c.relrowsecurity THEN 'row security' END, CASE WHEN c.relforcerowsecurity THEN 'forced' END,
        CASE WHEN c.relreplident <> 'd' THEN 'replica identity ' || c.relreplident::text END,
        pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid), array_to_string(c.reloptions, ', '),
        (SELECT 'inherits ' || string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno)
         FROM pg_inherits i WHERE i.inhrelid = c.oid)) AS definition
    FROM ${relations} WHERE ${userRelation(`'r', 'p', 'f'`)}`,
  column: `
    SELECT ${name('n.nspname', 'c.relname')} || '.' || a.attname AS name,
      concat_ws(' ', format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attcollation <> t.typcollation THEN 'collate ' || a.attcollation::regcollation END,
        CASE WHEN a.attnotnull THEN 'not null' END,
        CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END,
        CASE WHEN a.attgenerated <> '' THEN 'generated ' || a.attgenerated::text WHEN d.oid IS NOT NULL THEN 'default' END,
        pg_get_expr(d.adbin, d.adrelid)) AS definition
    FROM pg_attribute a JOIN ${relations} ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND ${userRelation(`'r', 'p', 'f', 'c'`)}`,
  index: `
    SELECT ${name('n.nspname', 'c.relname')} AS name,
      concat_ws(' ', pg_get_indexdef(c.oid), CASE WHEN NOT i.indisvalid THEN 'INVALID' END,
        CASE WHEN NOT i.indisready THEN 'NOT READY' END, CASE WHEN i.indisreplident THEN 'replica identity' END,
        CASE WHEN i.indisclustered THEN 'clustered' END) AS definition
    FROM pg_index i JOIN ${relations} ON c.oid = i.indexrelid WHERE ${userRelation(`'i', 'I'`)}
      AND ${notOfExtension('pg_class', 'i.indrelid')}`,
  constraint: `
    SELECT ${name('n.nspname', 'coalesce(c.relname, t.typname)')} || '.' || k.conname AS name,
      pg_get_constraintdef(k.oid) AS definition
    FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
    LEFT JOIN pg_class c ON c.oid = k.conrelid LEFT JOIN pg_type t ON t.oid = k.contypid
    WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND ${ofUsers}
      AND ${notOfExtension('pg_class', 'k.conrelid')} AND ${notOfExtension('pg_type', 'k.contypid')}`,
  view: `
    SELECT ${name('n.nspname', 'c.relname')} AS name,
      concat_ws(' ', CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, ${owner('c.relowner')},
        array_to_string(c.reloptions, ', '), CASE WHEN NOT c.relispopulated THEN 'not populated' END,
        pg_get_viewdef(c.oid)) AS definition
    FROM ${relations} WHERE ${userRelation(`'v', 'm'`)}`,
  function: `
    SELECT ${name('n.nspname', 'p.proname')} || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS name,
      concat_ws(' ', ${owner('p.proowner')},
        CASE p.prokind WHEN 'a' THEN (SELECT format('aggregate %s %s %s %s', g.aggtransfn, g.aggfinalfn,
            format_type(g.aggtranstype, NULL), g.agginitval) FROM pg_aggregate g WHERE g.aggfnoid = p.oid)
          ELSE pg_get_functiondef(p.oid) END) AS definition
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE ${ofUsers} AND ${notOfExtension('pg_proc', 'p.oid')}`,
  trigger: `
    SELECT ${name('n.nspname', 'c.relname')} || '.' || t.tgname AS name,
      concat_ws(' ', pg_get_triggerdef(t.oid), CASE t.tgenabled WHEN 'D' THEN 'DISABLED' WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' END) AS definition
    FROM pg_trigger t JOIN ${relations} ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND ${ofUsers} AND ${notOfExtension('pg_trigger', 't.oid')}`,
  rule: `
    SELECT ${name('n.nspname', 'c.relname')} || '.' || r.rulename AS name, pg_get_ruledef(r.oid) AS definition
    FROM pg_rewrite r JOIN ${relations} ON c.oid = r.ev_class
    WHERE r.rulename <> '_RETURN' AND ${ofUsers} AND ${notOfExtension('pg_rewrite', 'r.oid')}`,
  policy: `
    SELECT ${name('n.nspname', 'c.relname')} || '.' || p.polname AS name,
      format('%s for %s to %s using (%s) with check (%s)', CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
        p.polcmd, (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(r) END, ', ' ORDER BY 1) FROM unnest(p.polroles) r),
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) AS definition
    FROM pg_policy p JOIN ${relations} ON c.oid = p.polrelid WHERE ${ofUsers}`,
  type: `
    SELECT ${name('n.nspname', 't.typname')} AS name,
      concat_ws(' ', ${owner('t.typowner')},
        CASE t.typtype
          WHEN 'e' THEN 'enum ' || (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                                    FROM pg_enum e WHERE e.enumtypid = t.oid)
          WHEN 'd' THEN concat_ws(' ', 'domain over', format_type(t.typbasetype, t.typtypmod),
                                  CASE WHEN t.typnotnull THEN 'not null' END, 'default ' || t.typdefault)
          WHEN 'r' THEN 'range of ' || (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = t.oid)
          ELSE 'composite' END) AS definition
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c') AND ${ofUsers} AND ${notOfExtension('pg_type', 't.oid')}`,
  sequence: `
    SELECT ${name('n.nspname', 'c.relname')} AS name,
      concat_ws(' ', ${owner('c.relowner')}, format_type(s.seqtypid, NULL),
        format('start %s increment %s from %s to %s cache %s', s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache),
        CASE WHEN s.seqcycle THEN 'cycle' END,
        (SELECT format('owned by %s.%s', d.refobjid::regclass, a.attname)
         FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
         WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i') LIMIT 1)) AS definition
    FROM pg_sequence s JOIN ${relations} ON c.oid = s.seqrelid WHERE ${userRelation(`'S'`)}`,
  statistics: `
    SELECT ${name('n.nspname', 's.stxname')} AS name, pg_get_statisticsobjdef(s.oid) AS definition
    FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE ${ofUsers}`,
  grant: `
    SELECT ${name('n.nspname', 'c.relname')} AS name,
      ${privileges('c.relacl', 'r', 'c.relowner')} AS definition
    FROM ${relations} WHERE ${userRelation(`'r', 'p', 'f', 'v', 'm'`)}
    UNION ALL
    SELECT 'sequence ' || ${name('n.nspname', 'c.relname')}, ${privileges('c.relacl', 's', 'c.relowner')}
    FROM ${relations} WHERE ${userRelation(`'S'`)}
    UNION ALL
    SELECT ${name('n.nspname', 'c.relname')} || '.' || a.attname,
      (SELECT string_agg(x::text, ', ' ORDER BY x::text) FROM unnest(a.attacl) x)
    FROM pg_attribute a JOIN ${relations} ON c.oid = a.attrelid
    WHERE cardinality(a.attacl) > 0 AND NOT a.attisdropped AND ${userRelation(`'r', 'p', 'f', 'v', 'm'`)}
    UNION ALL
    SELECT 'schema ' || n.nspname, ${privileges('n.nspacl', 'n', 'n.nspowner')}
    FROM pg_namespace n WHERE ${ofUsers} AND ${notOfExtension('pg_namespace', 'n.oid')}
    UNION ALL
    SELECT 'function ' || ${name('n.nspname', 'p.proname')} || '(' || pg_get_function_identity_arguments(p.oid) || ')',
      ${privileges('p.proacl', 'f', 'p.proowner')}
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE ${ofUsers} AND ${notOfExtension('pg_proc', 'p.oid')}
    UNION ALL
    SELECT format('default for %s of %s%s', d.defaclobjtype, pg_get_userbyid(d.defaclrole), ' in ' || n.nspname),
      (SELECT string_agg(x::text, ', ' ORDER BY x::text) FROM unnest(d.defaclacl) x)
    FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace`,
  publication: `
    SELECT p.pubname AS name, concat_ws(' ', ${owner('p.pubowner')}, (to_jsonb(p) - 'oid' - 'pubname' - 'pubowner')::text) AS definition
    FROM pg_publication p WHERE ${notOfExtension('pg_publication', 'p.oid')}
    UNION ALL
    SELECT format('%s of %s.%s', t.pubname, t.schemaname, t.tablename),
      (to_jsonb(t) - 'pubname' - 'schemaname' - 'tablename')::text
    FROM pg_publication_tables t JOIN pg_publication p USING (pubname) WHERE NOT p.puballtables`,
  'event trigger': `
    SELECT t.evtname AS name, concat_ws(' ', ${owner('t.evtowner')}, 'on', t.evtevent, array_to_string(t.evttags, ', '),
      'execute', t.evtfoid::regproc, CASE t.evtenabled WHEN 'D' THEN 'DISABLED' WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' END) AS definition
    FROM pg_event_trigger t WHERE ${notOfExtension('pg_event_trigger', 't.oid')}`,
  'foreign server': `
    SELECT s.srvname AS name, concat_ws(' ', ${owner('s.srvowner')}, 'wrapper', w.fdwname, s.srvtype, s.srvversion,
      ${optionsOf('s.srvoptions')}) AS definition
    FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
    WHERE ${notOfExtension('pg_foreign_server', 's.oid')}
    UNION ALL
    SELECT 'wrapper ' || w.fdwname, concat_ws(' ', ${owner('w.fdwowner')}, 'handler', nullif(w.fdwhandler, 0)::regproc,
      'validator', nullif(w.fdwvalidator, 0)::regproc, ${optionsOf('w.fdwoptions')})
    FROM pg_foreign_data_wrapper w WHERE ${notOfExtension('pg_foreign_data_wrapper', 'w.oid')}`,
  cast: `
    SELECT format('%s as %s', format_type(k.castsource, NULL), format_type(k.casttarget, NULL)) AS name,
      concat_ws(' ', 'context', k.castcontext, 'method', k.castmethod, nullif(k.castfunc, 0)::regprocedure) AS definition
    FROM pg_cast k WHERE k.oid >= 16384 AND ${notOfExtension('pg_cast', 'k.oid')}`,
  comment: `
    SELECT ${name('n.nspname', 'c.relname')} || coalesce('.' || a.attname, '') AS name, d.description AS definition
    FROM pg_description d JOIN ${relations} ON d.classoid = 'pg_class'::regclass AND c.oid = d.objoid
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
    WHERE ${userRelation(`'r', 'p', 'f', 'v', 'm', 'i', 'S'`)}
    UNION ALL
    SELECT 'schema ' || n.nspname, d.description
    FROM pg_description d JOIN pg_namespace n ON d.classoid = 'pg_namespace'::regclass AND n.oid = d.objoid
    WHERE ${ofUsers} AND ${notOfExtension('pg_namespace', 'n.oid')}
    UNION ALL
    SELECT 'function ' || ${name('n.nspname', 'p.proname')} || '(' || pg_get_function_identity_arguments(p.oid) || ')', d.description
    FROM pg_description d JOIN pg_proc p ON d.classoid = 'pg_proc'::regclass AND p.oid = d.objoid
    JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${ofUsers} AND ${notOfExtension('pg_proc', 'p.oid')}
    UNION ALL
    SELECT 'type ' || ${name('n.nspname', 't.typname')}, d.description
    FROM pg_description d JOIN pg_type t ON d.classoid = 'pg_type'::regclass AND t.oid = d.objoid
    JOIN pg_namespace n ON n.oid = t.typnamespace WHERE ${ofUsers} AND ${notOfExtension('pg_type', 't.oid')}`,
} as const;
