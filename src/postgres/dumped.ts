import type { Client } from './connect.ts';
import { catalogOf, notOfExtension, userSchema } from './user-objects.ts';

/** An object that stands by itself in the table of contents of a dump. */
export interface Dumped {
  /** OID of the catalog and of the object, as the table of contents has them: `1259 16721`. */
  oids: string;
  /** In words: `index public.papers_recent`, `trigger papers_touch on public.papers`. */
  what: string;
}

/**
 * What a whole dump must list besides rows, extensions and large objects: every object of users, indexes, constraints
 * and triggers among them. Not NOT NULL, validated CHECK constraints and most defaults, which are part of their
 * table; nor what PostgreSQL makes by itself for partitions and foreign keys. Written for PostgreSQL 14 to 18.
 */
export async function dumped(client: Client): Promise<Dumped[]> {
  const { rows } = await client.query<Dumped>(query);
  return rows;
}

const inUserSchema = (schema: string) => `${schema} IN (SELECT oid FROM user_schema)`;
const named = (catalog: string, schema: string, which = 'true') =>
  `SELECT '${catalog}'::regclass, oid FROM ${catalog} WHERE ${inUserSchema(schema)} AND ${which}`;
/** Those that initdb made have smaller ones. */
const madeLater = (catalog: string) =>
  `SELECT '${catalog}'::regclass, oid FROM ${catalog} WHERE oid >= 16384`;
const onRelation = (catalog: string, relation: string, which = 'true') =>
  `SELECT '${catalog}'::regclass, o.oid FROM ${catalog} o JOIN relation ON relation.oid = o.${relation} WHERE ${which}`;

const query = `
  WITH user_schema AS (
    SELECT oid FROM pg_namespace WHERE ${userSchema('nspname')}),
  relation AS (
    SELECT oid, relkind, relispopulated FROM pg_class c
    WHERE ${inUserSchema('relnamespace')} AND relpersistence <> 't'
      AND ${notOfExtension(catalogOf('pg_class'), 'c.oid')}),
  object (class, oid) AS (
    SELECT 'pg_namespace'::regclass, n.oid FROM pg_namespace n JOIN user_schema USING (oid) WHERE nspname <> 'public'
    UNION ALL SELECT 'pg_class'::regclass, oid FROM relation WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
    UNION ALL SELECT 'pg_class'::regclass, i.indexrelid FROM pg_index i JOIN relation ON relation.oid = i.indrelid
      WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    UNION ALL ${onRelation(
      'pg_constraint',
      'conrelid',
      `contype IN ('p', 'u', 'x') OR contype = 'f' AND conparentid = 0 OR contype = 'c' AND NOT convalidated AND conislocal`,
    )}
    UNION ALL ${onRelation('pg_trigger', 'tgrelid', 'NOT tgisinternal AND tgparentid = 0')}
    UNION ALL ${onRelation('pg_rewrite', 'ev_class', `rulename <> '_RETURN'`)}
    UNION ALL ${onRelation('pg_policy', 'polrelid')}
    UNION ALL ${named('pg_proc', 'pronamespace')}
    UNION ALL ${named('pg_type', 'typnamespace', `(typtype IN ('e', 'd', 'r') OR typrelid IN (SELECT oid FROM relation WHERE relkind = 'c'))`)}
    UNION ALL ${named('pg_operator', 'oprnamespace', 'oprcode <> 0')}
    UNION ALL ${named('pg_opclass', 'opcnamespace')}
    UNION ALL ${named('pg_collation', 'collnamespace')}
    UNION ALL ${named('pg_statistic_ext', 'stxnamespace')}
    UNION ALL ${named('pg_ts_config', 'cfgnamespace')}
    UNION ALL ${named('pg_ts_dict', 'dictnamespace')}
    UNION ALL ${['pg_event_trigger', 'pg_publication', 'pg_foreign_data_wrapper', 'pg_foreign_server', 'pg_cast'].map(madeLater).join(' UNION ALL ')})
  SELECT concat(class::oid, ' ', oid) AS oids, concat(said.type, ' ', said.identity) AS what
  FROM object, pg_identify_object(class, oid, 0) said
  WHERE ${notOfExtension('class', 'object.oid')} AND NOT (
    class IN ('pg_proc'::regclass, 'pg_cast'::regclass) AND EXISTS (
      SELECT FROM pg_depend d WHERE d.classid = class AND d.objid = object.oid AND d.deptype = 'i'))
  UNION ALL
  SELECT concat('0 ', oid), concat('contents of materialized view ', oid::regclass) FROM relation
  WHERE relkind = 'm' AND relispopulated
  ORDER BY 2`;
