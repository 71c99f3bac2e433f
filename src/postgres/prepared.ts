import { escapeLiteral } from 'pg';
import { quoted, type Client } from './connect.ts';

/**
 * Rolls every prepared transaction of this session's database back: only who prepared it, or a superuser, may.
 * Its changes are lost for good.
 *
 * @param first told of each before it is rolled back
 * @returns their names
 */
export async function rollBackPrepared(
  client: Client,
  first: (name: string) => Promise<void>,
): Promise<string[]> {
  const { rows } = await client.query<{ gid: string; owner: string; name: string }>(
    `SELECT gid, owner, format('prepared transaction %L of role %s since %s', gid, owner, prepared) AS name
     FROM pg_catalog.pg_prepared_xacts WHERE database = current_database() ORDER BY prepared`,
  );
  for (const { gid, owner, name } of rows) {
    await first(name);
    // Neither statement may be part of a transaction.
    await client.query(`SET ROLE ${quoted(owner)}`);
    try {
      await client.query(`ROLLBACK PREPARED ${escapeLiteral(gid)}`);
    } finally {
      await client.query('RESET ROLE');
    }
  }
  return rows.map(({ name }) => name);
}
