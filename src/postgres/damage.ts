import { DatabaseError } from 'pg';
import { Failure, type FailureType } from '../domain/failures.ts';
import type { Client } from './connect.ts';

/**
 * How PostgreSQL says that what it stored is not as it was: data or an index corrupted (XX001, XX002), an I/O error
 * (58030), a file that is missing (58P01), and, where no checksum tells, an internal error on the way (XX000).
 */
const states = /^(XX\w{3}|58030|58P01)$/;

/** In the server's words, where it could not read what it stored; otherwise undefined. */
export function damageIn(error: unknown): string | undefined {
  const said = error instanceof Failure ? error.cause : error;
  if (!(said instanceof DatabaseError) || !states.test(said.code ?? '')) return undefined;
  return `${said.message} (${said.code})`;
}

/** For a `catch`: damage becomes a failure of this type, everything else stays what it is. */
export const damagedIs =
  (type: FailureType, what: string) =>
  (error: unknown): never => {
    const damage = damageIn(error);
    if (damage === undefined) throw error;
    throw new Failure(type, `${what} is damaged: ${damage}.`, {}, { cause: error });
  };

export type Read<T> = { found: T } | { damage: string };

/** A damaged index must not hide a table that is sound. */
const withoutIndexes =
  'SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off';

/**
 * Reads in the transactions that are open, which go on, in the same snapshot, where that meets damage.
 *
 * @param sessions all those that `read` asks
 * @returns what was read, or how it is damaged
 */
export async function unlessDamaged<T>(sessions: Client[], read: () => Promise<T>): Promise<Read<T>> {
  const inAll = (sql: string) => Promise.all(sessions.map((session) => session.query(sql)));
  let damage = '';
  for (const settings of ['', withoutIndexes]) {
    await inAll(`SAVEPOINT sound; ${settings}`);
    try {
      return { found: await read() };
    } catch (error) {
      const seen = damageIn(error);
      if (seen === undefined) throw error;
      damage = seen;
    } finally {
      await inAll('ROLLBACK TO SAVEPOINT sound; RELEASE SAVEPOINT sound');
    }
  }
  return { damage };
}
