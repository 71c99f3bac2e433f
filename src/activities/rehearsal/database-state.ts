import { catalog, type Catalog } from '../../postgres/catalog.ts';
import { inSnapshot } from '../../postgres/tables.ts';
import type { Client } from '../../postgres/connect.ts';
import { relationNames } from '../../postgres/locks.ts';
import type { VersionTable } from '../../migrations/tool.ts';
import { revisionOf } from '../../migrations/version-table.ts';

/** What is read of the copy before and after the downgrade; what the data diff does not look at besides. */
export interface DatabaseState {
  catalog: Catalog;
  revision: string;
  /** Where each sequence stands, by name. */
  sequences: Record<string, string>;
  /** Names of relations by OID. */
  names: ReadonlyMap<string, string>;
}

export async function databaseState(client: Client, tool: VersionTable): Promise<DatabaseState> {
  return {
    catalog: await catalog(client),
    revision: await revisionOf(client, tool),
    ...(await inSnapshot(client, async () => ({
      sequences: await sequences(client),
      names: await relationNames(client),
    }))),
  };
}

async function sequences(client: Client): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string; value: string | null }>(
    `SELECT CASE schemaname WHEN 'public' THEN sequencename::text ELSE schemaname || '.' || sequencename END AS name,
            last_value::text AS value
     FROM pg_catalog.pg_sequences`,
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value ?? 'unused']));
}
