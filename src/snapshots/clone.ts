import {
  CloneRefused,
  cloneDatabase,
  endCloning,
  openClone,
  openToPublic,
  withOpenClone,
} from '../postgres/clones.ts';
import { withClient } from '../postgres/connect.ts';
import { damageIn } from '../postgres/damage.ts';
import { databaseExists, dropDatabase } from '../postgres/databases.ts';
import { fingerprint } from '../postgres/fingerprint.ts';
import { Failure, failures } from '../domain/failures.ts';
import type { MadeSnapshot } from '../domain/snapshot.ts';
import { duration } from '../domain/text.ts';
import { SnapshotRefused, type Server, type SnapshotKind, type Taken, type WantedSnapshot } from './kind.ts';

/** A copy of the database's files by the server itself, closed to everyone; restoring from it is a rename. */
export const clone: SnapshotKind = {
  make: (server, wanted) =>
    make(server, wanted).catch((error: unknown) => {
      throw error instanceof CloneRefused ? new SnapshotRefused(error.message, { cause: error }) : error;
    }),
  whyUnusable,
  asDatabase: async ({ admin }, { database, publicPrivileges }) => {
    await admin((client) => openToPublic(client, database, publicPrivileges));
    return database;
  },
  copyTo: async (server, { database }, name) => {
    const { admin, operation, signal } = server;
    await admin((client) => dropDatabase(client, name, operation));
    const cloning = { from: database, to: name, operation, sourceStays: 'closed', signal } as const;
    await cloneDatabase(await server.adminUrl(), cloning);
    await admin((client) => openClone(client, name));
  },
  drop: ({ admin, operation }, name) =>
    admin(async (client) => {
      await endCloning(client, operation, name);
      await dropDatabase(client, name, operation);
    }),
};

async function make(server: Server, { of, name, within }: WantedSnapshot): Promise<Taken> {
  const { operation, signal } = server;
  const url = await server.adminUrl();
  await server.admin(async (admin) => {
    await endCloning(admin, operation, name);
    if (!(await databaseExists(admin, name))) return;
    server.log.warn(`${name} is half-made, by an attempt that died: it is made anew`);
    await dropDatabase(admin, name, operation);
  });
  const began = Date.now();
  server.progress({ doing: `clones ${of} to ${name}` });
  const cloning = { from: of, to: name, operation, sourceStays: 'open', within, signal } as const;
  const { method, bytes, publicPrivileges, notes } = await cloneDatabase(url, cloning);
  const left = AbortSignal.timeout(Math.max(1, within - (Date.now() - began)));
  const reading = { database: name, operation, signal: AbortSignal.any([signal, left]) };
  const found = await withOpenClone(url, reading, (client) =>
    fingerprint(client, {
      onTable: (key, done, all) =>
        server.progress({ doing: `reads ${name}: ${key} (${done + 1} of ${all})` }),
    }),
  ).catch((error: unknown) => {
    if (!left.aborted || signal.aborted) throw error;
    throw new SnapshotRefused(`cloning and reading the clone took longer than ${duration(within)}`);
  });
  return {
    catalog: found.parts['catalog'],
    snapshot: {
      made: true,
      kind: 'clone',
      database: name,
      method,
      takenAt: new Date(began).toISOString(),
      seconds: (Date.now() - began) / 1_000,
      bytes,
      fingerprint: found.sha256,
      counts: found.counts,
      publicPrivileges,
      notes,
    },
  };
}

async function whyUnusable(
  { adminUrl, operation, signal }: Server,
  { database, fingerprint: taken }: MadeSnapshot,
  { staysOpen = false }: { staysOpen?: boolean } = {},
): Promise<string | undefined> {
  const url = await adminUrl();
  const asking = { operation, signal };
  const there = await withClient(url, asking, (admin) => databaseExists(admin, database));
  if (!there) return 'it is not on the server any more';
  try {
    const found = await withOpenClone(url, { database, ...asking, staysOpen }, (client) =>
      fingerprint(client),
    );
    if (found.sha256 === taken) return undefined;
    return `its fingerprint is ${found.sha256.slice(0, 12)}…, and was ${taken.slice(0, 12)}…: its contents are not those taken`;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // What is damaged does not mend, whatever the server calls it.
    if (failures[error.type].retry && damageIn(error) === undefined) throw error;
    return error.message;
  }
}
