/**
 * What counts as the user's, said once: whatever is counted, compared, dumped, salvaged or fingerprinted must be the
 * same tables, or a row would be lost between two of them. Not the system's (schemas `pg_*`, which nobody else may
 * make, and `information_schema`), and not an extension's, which makes its own again (dependency type `e`:
 * https://www.postgresql.org/docs/18/catalog-pg-depend.html). Temporary tables are a session's own.
 *
 * Parts of SQL for PostgreSQL 14 to 18; `c` is pg_class, `n` pg_namespace.
 */

/** @param nspname the column with the schema's name */
export const userSchema = (nspname = 'n.nspname'): string =>
  `${nspname} !~ '^pg_' AND ${nspname} <> 'information_schema'`;

/** @param classid OID of the catalog that holds the object, as SQL */
export const notOfExtension = (classid: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = ${classid} AND e.objid = ${oid} AND e.deptype = 'e')`;

/** As the first argument of `notOfExtension`. */
export const catalogOf = (name: string): string => `'pg_catalog.${name}'::regclass`;

/** Every relation with its schema, for FROM. */
export const relations = 'pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace';

/** @param kinds of pg_class.relkind, quoted: `'r', 'p'` */
export const userRelation = (kinds: string): string =>
  `c.relkind IN (${kinds}) AND c.relpersistence <> 't' AND ${userSchema()} AND ${notOfExtension(catalogOf('pg_class'), 'c.oid')}`;
