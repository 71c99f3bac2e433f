import { catalogInTransaction } from '../postgres/catalog.ts';
import type { Client } from '../postgres/connect.ts';
import { extensionsOf, type Extension } from '../postgres/databases.ts';
import { countRows, tables, type Table } from '../postgres/tables.ts';
import type { Manifest } from './manifest.ts';

/** What the snapshot holds: the measure of the dump. */
export interface Holdings {
  tables: Table[];
  counts: Record<string, number>;
  extensions: Extension[];
  largeObjects: number;
  catalog: Manifest['catalog'];
}

/** Reads it inside the transaction that exported the dump's snapshot. */
export async function holdings(client: Client): Promise<Holdings> {
  const found = await tables(client);
  const large = await client.query<{ count: string }>(
    'SELECT count(*) FROM pg_catalog.pg_largeobject_metadata',
  );
  return {
    tables: found,
    counts: await countRows(client, found),
    extensions: (await extensionsOf(client)).filter(({ name }) => name !== 'plpgsql'),
    largeObjects: Number(large.rows[0]?.count),
    catalog: await catalogInTransaction(client),
  };
}
