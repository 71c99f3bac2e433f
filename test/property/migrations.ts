import { join } from 'node:path';
import { serviceDefinition } from '../../src/domain/definition/service.ts';
import type { Surroundings } from './surroundings.ts';

/** As the runbook's own, as far as the data path asks it. */
export const service = serviceDefinition.parse({
  service: 'property',
  namespace: 'property',
  database: {
    url: { secret: 'app', key: 'url' },
    admin: { secret: 'admin', key: 'url' },
    tables: ['alembic_version'],
  },
  migrations: { workload: 'property' },
  workloads: [{ deployment: 'property', replicas: 1 }],
  backup: { claim: 'backups', jobs: 1, compression: { method: 'none' } },
  writes: { gracePeriod: '5s', quietFor: '0ms' },
  escalation: { path: ['nobody'] },
});

/** Where the migrations of a case lie. */
export interface Place {
  surroundings: Surroundings;
  directory: string;
}

export const sqlalchemyUrl = (url: string): string => url.replace(/^postgresql:/, 'postgresql+psycopg:');

let logs = 0;

/** `alembic upgrade`, as the application's deployment does it. */
export async function upgrade(
  { surroundings, directory }: Place,
  database: string,
  target: string,
): Promise<void> {
  const program = `from alembic import command\nfrom alembic.config import Config\ncommand.upgrade(Config("alembic.ini"), ${JSON.stringify(target)})`;
  const { ended } = await surroundings.python.run(program, {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', DATABASE_URL: sqlalchemyUrl(surroundings.url(database)) },
    log: join(directory, `log-${++logs}`),
  });
  const { status, lines } = await ended;
  if (status !== 0) throw new Error(`upgrade to ${target}: ${lines.slice(-6).join('\n')}`);
}
