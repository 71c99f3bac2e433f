import type { Loss } from '../../domain/rehearsal.ts';
import type { Client } from '../connect.ts';

/**
 * Large objects that are gone, by their OIDs: others that were made meanwhile make up for none of them. They belong
 * to no table, so that nothing else would miss them. Whether one that stays was overwritten is not looked at.
 */
export async function lostLargeObjects(before: Client, after: Client): Promise<Loss[]> {
  const { rows } = await before.query<{ oids: string[] | null }>(
    'SELECT array_agg(oid::text) AS oids FROM pg_catalog.pg_largeobject_metadata',
  );
  const there = rows[0]?.oids ?? [];
  if (there.length === 0) return [];
  const gone = await after.query<{ count: string }>(
    `SELECT count(*) FROM unnest($1::oid[]) AS there (oid)
     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata m WHERE m.oid = there.oid)`,
    [there],
  );
  const count = Number(gone.rows[0]?.count);
  return count === 0 ? [] : [{ kind: 'large objects', object: 'large objects', rows: count }];
}
