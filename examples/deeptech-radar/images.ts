import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Recipe } from '../../lab/image.ts';

/** Where things are in both images; the service definition says the same. */
export const workdir = '/app';

const app = (path: string): string => fileURLToPath(new URL(`app/${path}`, import.meta.url));

/** What the API, its jobs and its migrations need, for the Python of the image. */
export const requirements = ['alembic==1.20.0', 'SQLAlchemy==2.1.9', 'psycopg[binary]==3.3.9'];

/**
 * One source, two releases: release 1 has the migrations up to 0004, release 2 has 0005 too.
 * @param versions migrations to put in place of, or beside, those of the source: name → host file
 */
export function release(number: 1 | 2, versions: Record<string, string> = {}): Recipe {
  const shipped = readdirSync(app('alembic/versions'))
    .filter((file) => file.endsWith('.py') && (number === 2 || file < '0005'))
    .map((file) => [file, app(`alembic/versions/${file}`)] as const);
  const migrations = Object.entries({ ...Object.fromEntries(shipped), ...versions });
  return {
    name: 'deeptech-radar-api',
    base: 'python',
    python: requirements,
    files: {
      [`${workdir}/alembic.ini`]: app('alembic.ini'),
      [`${workdir}/alembic/env.py`]: app('alembic/env.py'),
      [`${workdir}/alembic/script.py.mako`]: app('alembic/script.py.mako'),
      ...Object.fromEntries(migrations.map(([name, file]) => [`${workdir}/alembic/versions/${name}`, file])),
      ...Object.fromEntries(
        readdirSync(app('radar'))
          .filter((file) => file.endsWith('.py'))
          .map((file) => [`${workdir}/radar/${file}`, app(`radar/${file}`)]),
      ),
    },
    env: { RADAR_RELEASE: String(number) },
    workdir,
    user: '10001:10001',
    command: ['python3', '-m', 'radar.api'],
  };
}

export const recipes = { old: release(1), new: release(2) };
