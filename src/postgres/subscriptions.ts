import { quoted, type Client } from './connect.ts';

/** A subscription of a database: while it is enabled, its apply worker writes there, whatever the name. */
export interface Subscription {
  name: string;
  enabled: boolean;
  owner: string;
  /** The asking role may enable and disable it. */
  mayChange: boolean;
}

export async function subscriptionsOf(client: Client, database: string): Promise<Subscription[]> {
  const { rows } = await client.query<Subscription>(
    `SELECT s.subname AS name, s.subenabled AS enabled, pg_get_userbyid(s.subowner) AS owner,
            pg_has_role(s.subowner, 'USAGE') AS "mayChange"
     FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
     WHERE d.datname = $1 ORDER BY 1`,
    [database],
  );
  return rows;
}

/**
 * Wants a subscription enabled or not. The launcher starts its worker by the database's OID, so neither a new
 * name nor a closed database keeps it out for long: only this does.
 *
 * @param client a session on the subscription's own database
 */
export async function setEnabled(
  client: Client,
  name: string,
  enabled: boolean,
): Promise<'written' | 'as wanted' | 'gone'> {
  const { rows } = await client.query<{ enabled: boolean }>(
    `SELECT s.subenabled AS enabled FROM pg_catalog.pg_subscription s
     JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
     WHERE d.datname = current_database() AND s.subname = $1`,
    [name],
  );
  if (rows[0] === undefined) return 'gone';
  if (rows[0].enabled === enabled) return 'as wanted';
  await client.query(`ALTER SUBSCRIPTION ${quoted(name)} ${enabled ? 'ENABLE' : 'DISABLE'}`);
  return 'written';
}
