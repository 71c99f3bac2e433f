import { DatabaseError } from 'pg';
import { Failure } from '../domain/failures.ts';
import { siblingName, parseSiblingName, type SiblingRole, type OperationId } from '../domain/names.ts';
import { allowConnections, close } from './fence.ts';
import { quoted, type Client } from './connect.ts';

/** A database that Backstep made beside the application's. */
export interface ArtifactDatabase {
  name: string;
  role: Exclude<SiblingRole, 'backstep'>;
  operation: OperationId;
  bytes: number;
}

/**
 * The databases that Backstep made beside one: by name, so that no other is ever taken for its own. The one that is
 * fenced is the application's itself, and is never among them.
 */
export async function artifactDatabases(admin: Client, database: string): Promise<ArtifactDatabase[]> {
  const { rows } = await admin.query<{ name: string; bytes: string }>(
    `SELECT datname AS name, pg_database_size(oid) AS bytes FROM pg_catalog.pg_database
     WHERE datname ~ '__[a-z]+_[0-9a-f]{8}(_[0-9]+)?$' AND pg_has_role(datdba, 'USAGE') ORDER BY 1`,
  );
  return rows.flatMap(({ name, bytes }) => {
    const made = parseSiblingName(name);
    if (made === undefined || made.role === 'backstep') return [];
    if (siblingName(database, made.role, made.operation, made.number) !== name) return [];
    return [{ name, role: made.role, operation: made.operation, bytes: Number(bytes) }];
  });
}

/**
 * Drops a database that `keptBeside` found; one that is gone already is fine.
 *
 * @throws Failure Refused for any other name, and where a subscription is left in it; WritesNotStopped for a session
 *   that cannot be ended
 */
export async function dropArtifact(admin: Client, database: string, name: string): Promise<void> {
  const made = parseSiblingName(name);
  if (
    made === undefined ||
    made.role === 'backstep' ||
    siblingName(database, made.role, made.operation, made.number) !== name
  )
    throw new Failure('Refused', `Database ${name} was not made by Backstep beside ${database}.`);
  const found = await admin.query<{ open: boolean }>(
    'SELECT datallowconn AS open FROM pg_catalog.pg_database WHERE datname = $1',
    [name],
  );
  const [row] = found.rows;
  if (row === undefined) return;
  try {
    await close(admin, name);
    await admin.query(`DROP DATABASE IF EXISTS ${quoted(name)} WITH (FORCE)`);
  } catch (error) {
    if (row.open) await allowConnections(admin, name, true).catch(() => {});
    // It was closed and emptied before: what is still using it is a subscription.
    if (error instanceof DatabaseError && error.code === '55006')
      throw new Failure('Refused', `PostgreSQL does not drop ${name}: ${error.message}. Drop that first.`);
    throw error;
  }
}
