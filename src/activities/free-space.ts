import type { ServiceContext } from './context.ts';
import { bytes } from '../domain/text.ts';

const units = { MB: 1e6, GB: 1e9, TB: 1e12 } as const;

/** `200 GB` of a definition in bytes. */
function bytesOf(space: string): number {
  const [, amount, unit] = /^(\d+)(MB|GB|TB)$/.exec(space) ?? [];
  return Number(amount) * units[unit as keyof typeof units];
}

/**
 * Why no clone is made for want of space: four copies may exist at the peak (snapshot, scratch, restored and
 * failed database), so none that takes more than half of what is free. SQL cannot tell what is free; the definition
 * does, or the server says so when it is full.
 */
export async function tooBig(
  context: Pick<ServiceContext, 'service' | 'admin'>,
  database: string,
): Promise<string | undefined> {
  const { freeSpace } = context.service.snapshot;
  if (freeSpace === undefined) return undefined;
  const size = await context.admin(async (admin) => {
    const { rows } = await admin.query<{ bytes: string }>('SELECT pg_database_size($1) AS bytes', [database]);
    return Number(rows[0]?.bytes);
  });
  if (size <= bytesOf(freeSpace) / 2) return undefined;
  return `the database takes ${bytes(size)}, which is more than half of the free space of ${freeSpace} (snapshot.freeSpace)`;
}
