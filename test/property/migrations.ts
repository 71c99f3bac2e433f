import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { alembicJob, type Request } from '../../src/alembic/job.ts';
import { failureIn, resultIn } from '../../src/jobs/protocol.ts';
import { applicationName } from '../../src/postgres/connect.ts';
import { Failure } from '../../src/runbook/failures.ts';
import type { OperationId } from '../../src/runbook/names.ts';
import { serviceDefinition } from '../../src/runbook/service.ts';
import type { Ended, Running } from './python.ts';
import type { World } from './world.ts';

/** As the runbook's own, as far as the data path asks it. */
export const service = serviceDefinition.parse({
  service: 'property',
  namespace: 'property',
  database: {
    url: { secret: 'property', key: 'DATABASE_URL' },
    admin: { secret: 'property', key: 'ADMIN_URL' },
    tables: ['alembic_version'],
  },
  migrations: { workload: 'property' },
  workloads: [{ deployment: 'property', replicas: 1 }],
  backup: { claim: 'backups' },
  escalation: { path: ['nobody'] },
});

export interface Place {
  world: World;
  directory: string;
  operation: OperationId;
}

const sqlalchemyUrl = (url: string): string => url.replace(/^postgresql:/, 'postgresql+psycopg:');

let logs = 0;

async function started(
  { world, directory }: Place,
  program: string,
  env: Record<string, string>,
): Promise<Running> {
  const log = join(directory, `log-${++logs}`);
  return world.python.run(program, { cwd: directory, env: { PATH: process.env['PATH'] ?? '', ...env }, log });
}

/** `alembic upgrade`, as the application's deployment does it. */
export async function upgrade(place: Place, database: string, target: string): Promise<void> {
  const program = `from alembic import command\nfrom alembic.config import Config\ncommand.upgrade(Config("alembic.ini"), ${JSON.stringify(target)})`;
  const { ended } = await started(place, program, { DATABASE_URL: sqlalchemyUrl(place.world.url(database)) });
  const { status, lines } = await ended;
  if (status !== 0) throw new Error(`upgrade to ${target}: ${lines.slice(-6).join('\n')}`);
}

/** Where env.py waits, and what is done to it meanwhile. */
export interface Interruption {
  at: 'before the commit' | 'after the commit';
  meanwhile: (pid: number) => Promise<void>;
}

/**
 * Backstep's own program of the downgrade, in the environment that its Job gives it.
 *
 * @throws Failure as the program says it, JobFailed where it was killed
 */
export async function migrate(
  place: Place,
  database: string,
  { from, target }: { from: string; target: string },
  { onCopy = false, interruption }: { onCopy?: boolean; interruption?: Interruption | undefined } = {},
): Promise<void> {
  const watched = onCopy ? ({ observe: true, onlyDatabase: database } as const) : {};
  const request: Request = { mode: 'migrate', from, target, ...watched };
  const job = alembicJob(
    {
      name: 'property',
      operation: place.operation,
      step: 'downgrade',
      service,
      template: { spec: { containers: [{ name: 'app', image: 'property' }] } },
      image: 'property',
      deadlineSeconds: 60,
    },
    request,
  );
  const container = job.spec?.template.spec?.containers[0];
  const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value ?? '']));
  const paused = join(place.directory, `paused-${++logs}`);
  const running = await started(place, container?.command?.at(-1) ?? '', {
    ...env,
    DATABASE_URL: sqlalchemyUrl(place.world.url(database)),
    PGAPPNAME: applicationName(place.operation),
    ...(interruption && { PAUSE: interruption.at, PAUSED: paused }),
  });
  if (interruption !== undefined) await interrupted(running, paused, interruption);
  answerOf(await running.ended);
}

async function interrupted(
  { pid, ended }: Running,
  paused: string,
  { meanwhile }: Interruption,
): Promise<void> {
  const over = new AbortController();
  const end = ended.then(() => over.abort());
  while (!existsSync(paused) && !over.signal.aborted) await sleep(5);
  if (!over.signal.aborted) await meanwhile(pid);
  writeFileSync(`${paused} on`, '');
  await end;
  rmSync(paused, { force: true });
}

function answerOf({ status, lines }: Ended): void {
  if (resultIn(lines) !== undefined) return;
  const failure = failureIn(lines);
  throw new Failure(
    failure?.type ?? 'JobFailed',
    failure?.message ?? `ended with ${status}: ${lines.slice(-5).join('\n')}`,
  );
}
