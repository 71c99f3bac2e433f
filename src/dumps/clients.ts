import { execFile } from 'node:child_process';
import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Failure, type FailureType } from '../domain/failures.ts';

const run = promisify(execFile);

/** Where Debian and PGDG put the clients of several majors side by side. */
const debian = '/usr/lib/postgresql';

export interface ClientProgram {
  path: string;
  /** `pg_dump (PostgreSQL) 18.4 …`, as it calls itself. */
  version: string;
  major: number;
}

/**
 * Finds the client of the server's own major: a dump by a newer one carries settings that an older server
 * refuses, and an older one does not dump a newer server (https://www.postgresql.org/docs/17/app-pgdump.html, Notes).
 *
 * @throws Failure of the type given, with the majors found and the one wanted.
 */
export async function clientProgram(
  name: 'pg_dump' | 'pg_restore',
  major: number,
  orElse: FailureType,
): Promise<ClientProgram> {
  const found: ClientProgram[] = [];
  for (const path of await candidates(name)) {
    const version = await versionOf(path);
    const itsMajor = Number(/\) (\d+)/.exec(version)?.[1]);
    if (itsMajor === major) return { path, version, major };
    found.push({ path, version, major: itsMajor });
  }
  const have =
    found.length === 0
      ? 'none'
      : found.map(({ path, version }) => `${path}: ${version || 'does not run'}`).join('; ');
  throw new Failure(
    orElse,
    `The server is PostgreSQL ${major}, but the job image has no ${name} of version ${major}. Found: ${have}.`,
  );
}

/**
 * Finds the newest client: psql and pg_restore know older servers and older archives.
 *
 * @throws Failure of the type given, where the job image has none
 */
export async function newestClient(name: 'psql' | 'pg_restore', orElse: FailureType): Promise<ClientProgram> {
  const found: ClientProgram[] = [];
  for (const path of await candidates(name)) {
    const version = await versionOf(path);
    const major = Number(/\) (\d+)/.exec(version)?.[1]);
    if (major > 0) found.push({ path, version, major });
  }
  const [newest] = found.toSorted((a, b) => b.major - a.major);
  if (newest === undefined) throw new Failure(orElse, `The job image has no ${name} that runs.`);
  return newest;
}

async function candidates(name: string): Promise<string[]> {
  const majors = await readdir(debian).catch(() => []);
  const places = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...majors.map((major) => join(debian, major, 'bin')),
  ];
  const paths = [...new Set(places.filter(Boolean).map((place) => join(place, name)))];
  const usable = await Promise.all(
    paths.map((path) =>
      access(path, constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return paths.filter((_path, index) => usable[index]);
}

async function versionOf(path: string): Promise<string> {
  try {
    return (await run(path, ['--version'])).stdout.trim();
  } catch {
    return '';
  }
}
