import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { alembicJob, answerOf } from '../../src/migrations/alembic/job.ts';
import type { MigrationJob } from '../../src/migrations/tool.ts';
import { serviceDefinition } from '../../src/domain/definition/service.ts';

const service = (migrations: object = {}) =>
  serviceDefinition.parse({
    service: 'radar',
    namespace: 'deeptech',
    database: { url: { secret: 's', key: 'k' }, admin: { secret: 's', key: 'k' }, tables: ['papers'] },
    migrations: { workload: 'api', ...migrations },
    workloads: [{ deployment: 'api', replicas: 1 }],
    backup: { claim: 'backups' },
    escalation: { path: ['somebody'] },
  });
const migrationJob: MigrationJob = {
  name: 'bs-1-downgrade-1',
  operation: 'bs-00000001',
  step: 'downgrade',
  template: {
    spec: {
      containers: [
        {
          name: 'api',
          image: 'api:2',
          args: ['serve'],
          env: [{ name: 'DATABASE_URL', value: 'the old name' }],
        },
      ],
    },
  },
  image: 'api:3',
  databaseSecret: 'bs-1-downgrade',
  deadlineSeconds: 60,
};
const containerOf = (migrations: object) =>
  alembicJob(service(migrations), migrationJob, { mode: 'migrate', from: '0005', target: '0004' }).spec
    ?.template.spec?.containers[0];

describe('the Job that asks Alembic', () => {
  it('runs the program in the newer image, and reaches the database that is fenced off', () => {
    const container = containerOf({ python: '/venv/bin/python' });
    expect(container?.image).toBe('api:3');
    expect(container?.args).toBeUndefined();
    expect(container?.command?.slice(0, 2)).toEqual(['/venv/bin/python', '-c']);
    expect(container?.command?.[2]).toMatch(/def main\(\)/);
    const env = Object.fromEntries((container?.env ?? []).map((each) => [each.name, each]));
    expect(env['DATABASE_URL']).toEqual({
      name: 'DATABASE_URL',
      valueFrom: { secretKeyRef: { name: 'bs-1-downgrade', key: 'DATABASE_URL' } },
    });
    expect(env['PGAPPNAME']?.value).toBe('backstep bs-00000001');
    expect(JSON.parse(env['BACKSTEP_REQUEST']?.value ?? '')).toMatchObject({
      mode: 'migrate',
      from: '0005',
      target: '0004',
      versionTable: 'alembic_version',
      databaseUrl: { env: 'DATABASE_URL' },
      application: 'backstep bs-00000001',
    });
  });

  it('puts the URL in the place of a file, where the application reads one', () => {
    const job = alembicJob(service({ databaseUrl: { file: '/run/secrets/url' } }), migrationJob, {
      mode: 'build',
      target: '0004',
    });
    const spec = job.spec?.template.spec;
    expect(spec?.containers[0]?.volumeMounts).toContainEqual(
      expect.objectContaining({ mountPath: '/run/secrets/url' }),
    );
    expect(JSON.stringify(spec?.volumes)).toContain('bs-1-downgrade');
  });
});

const end = (lines: string[], change: object = {}) => ({ name: 'job', succeeded: false, lines, ...change });

describe('its answer', () => {
  const shape = z.object({ moved: z.boolean() });
  const answer = (lines: string[], change?: object) => () =>
    answerOf(end(lines, change), service().migrations, migrationJob, shape);

  it('is the last line of its kind, whatever a migration prints', () => {
    const lines = ['noise', 'BACKSTEP-RESULT {"moved": false}', 'BACKSTEP-RESULT {"moved": true}', ''];
    expect(answer(lines, { succeeded: true })()).toEqual({ moved: true });
  });

  it('is a failure of the type that the program names', () => {
    const lines = ['BACKSTEP-FAILURE {"type": "DowngradeFailed", "message": "0005.py:12: no such column"}'];
    expect(answer(lines)).toThrow(expect.objectContaining({ type: 'DowngradeFailed' }) as Error);
    expect(answer(lines)).toThrow(/0005\.py:12.*api:3/);
  });

  it.each([
    [
      'the interpreter is missing',
      [],
      { reason: 'StartError: exec: "python3": executable file not found in $PATH' },
      'MigrationToolMissing',
    ],
    ['the time is over', ['Running downgrade'], { reason: 'DeadlineExceeded' }, 'MigrationsBroken'],
    ['memory is over', [], { reason: 'OOMKilled, exit code 137', exitCode: 137 }, 'MigrationsBroken'],
    ['env.py ends the process', ['bye'], { exitCode: 3 }, 'MigrationsBroken'],
  ])('is a failure where %s', (_why, lines, change, type) => {
    expect(answer(lines, change)).toThrow(expect.objectContaining({ type }) as Error);
  });

  it('is refused in another shape', () => {
    const said = answer(['BACKSTEP-RESULT {"moved": "perhaps"}'], { succeeded: true });
    expect(said).toThrow(expect.objectContaining({ type: 'MigrationsBroken' }) as Error);
  });
});
