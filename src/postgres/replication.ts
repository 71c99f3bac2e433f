import { quoted, type Client } from './connect.ts';
import { literal } from './properties.ts';

/**
 * Logical slots and subscriptions belong to one database, not to its name: neither a clone nor a dump takes them
 * along. What a person must do about those of a database that another one took the place of.
 *
 * @param former the database as it was, under the name by which it is kept
 * @returns a sentence with the commands for each
 */
export async function leftWithFormer(admin: Client, former: string): Promise<string[]> {
  const slots = await admin.query<{ name: string; plugin: string }>(
    'SELECT slot_name AS name, plugin FROM pg_catalog.pg_replication_slots WHERE database = $1 ORDER BY 1',
    [former],
  );
  const subscriptions = await admin.query<{ name: string; enabled: boolean; slot: string | null }>(
    `SELECT s.subname AS name, s.subenabled AS enabled, s.subslotname AS slot
     FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
     WHERE d.datname = $1 ORDER BY 1`,
    [former],
  );
  return [
    ...slots.rows.map(
      ({ name, plugin }) =>
        `Replication slot ${name} stays with ${former} and keeps the server's WAL: give its reader a new one on the restored database ` +
        `(SELECT pg_create_logical_replication_slot(${literal(`${name}_2`)}, ${literal(plugin)});), then drop it there ` +
        `(SELECT pg_drop_replication_slot(${literal(name)});).`,
    ),
    ...subscriptions.rows.map(
      ({ name, enabled, slot }) =>
        `Subscription ${name} stays with ${former}${enabled ? ', where it goes on writing' : ''}: drop it there ` +
        `(ALTER SUBSCRIPTION ${quoted(name)} DISABLE; ALTER SUBSCRIPTION ${quoted(name)} SET (slot_name = NONE); DROP SUBSCRIPTION ${quoted(name)};), ` +
        `and create it on the restored database` +
        (slot === null
          ? '.'
          : ` WITH (slot_name = ${literal(slot)}, create_slot = false, copy_data = false).`),
    ),
  ];
}
