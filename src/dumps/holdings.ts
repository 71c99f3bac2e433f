import { catalogInTransaction } from '../postgres/catalog.ts';
import type { Client } from '../postgres/connect.ts';
import { extensionsOf, type Extension } from '../postgres/databases.ts';
import { dumped, type Dumped } from '../postgres/dumped.ts';
import { fingerprintInTransaction, sequences, type Fingerprint } from '../postgres/fingerprint.ts';
import { countRows, tables, type Table } from '../postgres/tables.ts';
import type { Proof } from '../domain/backup.ts';
import type { Manifest } from './manifest.ts';

/** What the snapshot holds: the measure of the dump. */
export interface Holdings {
  tables: Table[];
  counts: Record<string, number>;
  extensions: Extension[];
  largeObjects: number;
  /** Where each sequence stands, by `sequence papers_id_seq`: `2000 called`. */
  sequences: Record<string, string>;
  /** What the dump must list besides. */
  objects: Dumped[];
  /** Of all contents; only where a database restored from the dump will be compared with it. */
  fingerprint?: Fingerprint;
  catalog: Manifest['catalog'];
}

/** Reads it inside the transaction that exported the dump's snapshot. */
export async function holdings(client: Client, proof: Proof): Promise<Holdings> {
  const found = await tables(client);
  const large = await client.query<{ count: string }>(
    'SELECT count(*) FROM pg_catalog.pg_largeobject_metadata',
  );
  const extensions = await extensionsOf(client);
  const fingerprint = proof === 'restore' ? await fingerprintInTransaction(client) : undefined;
  return {
    tables: found,
    counts: fingerprint?.counts ?? (await countRows(client, found)),
    extensions: extensions.filter(({ name }) => name !== 'plpgsql'),
    largeObjects: Number(large.rows[0]?.count),
    sequences: await sequences(client),
    objects: await dumped(client),
    ...(fingerprint && { fingerprint }),
    catalog: await catalogInTransaction(client),
  };
}
