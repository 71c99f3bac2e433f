import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { newName } from '../../src/probes/recovery-time.ts';
import { info } from '../../src/recovery/pgbackrest/scripts.ts';
import { serverIn, withServer } from '../../src/postgres/url.ts';
import { byHand } from '../../src/views/by-hand.ts';
import { shortHash } from '../../src/domain/plan/hash.ts';
import { pointInTimeRequest } from '../../src/domain/plan/point-in-time.ts';
import { faultsOf } from '../../src/domain/plan/request.ts';
import { pointInTime } from '../../src/domain/definition/point-in-time.ts';
import { shownAtSwitch } from '../../src/views/gate-point-in-time.ts';
import { findings } from '../example-plan.ts';
import { recoveryPlan } from '../example-recovery.ts';
import { approvedAtSwitch } from '../../src/activities/switch-database/step.ts';
import type { ComparedInstance } from '../../src/activities/compare-instance/step.ts';
import { describeLossTable } from '../../src/activities/compare-instance/step.ts';

describe('the URL of a database on another server', () => {
  test.each([
    [
      'postgresql+psycopg://a:p%40%3A@db1:5432/radar?sslmode=require',
      'postgresql+psycopg://a:p%40%3A@new.example:6000/radar?sslmode=require',
    ],
    ['postgres://a:b@db1/radar', 'postgres://a:b@new.example:6000/radar'],
    ['postgresql://a@[fd00::1]:5433/radar', 'postgresql://a@new.example:6000/radar'],
  ])('%s keeps everything but host and port', (url, wanted) => {
    expect(withServer(url, { host: 'new.example', port: 6000 })).toBe(wanted);
  });

  test('host and port are read as clients read them, and what is not one server is refused', () => {
    expect(serverIn('postgresql://a:b@db1/radar')).toEqual({ host: 'db1', port: 5432 });
    expect(serverIn('postgresql://a:b@[fd00::1]:5433/radar')).toEqual({ host: 'fd00::1', port: 5433 });
    for (const url of [
      'postgresql://a:secret@db1,db2/radar',
      'postgresql:///radar?host=/run/postgresql',
      'postgresql://a:secret@db1/radar?port=6000',
    ])
      expect(() => serverIn(url)).toThrow(/^(?!.*secret).*one host and port/);
  });
});

test('what the service’s own checks find wrong in the new instance is shown at gate restore, and part of what is approved', () => {
  const restored = findings['restore-instance'];
  const compared: ComparedInstance = findings['compare-instance'];
  const wrong = ['own check “papers are many” found (false)'];
  const found = { stopped: findings['stop-writes'], restored, compared: { ...compared, wrong } };
  expect(shownAtSwitch(recoveryPlan(), found).shows).toContain(`WRONG in the new instance: ${wrong[0]}`);
  const approved = (of: ComparedInstance) => shortHash(approvedAtSwitch(recoveryPlan(), restored, of));
  expect(approved(found.compared)).not.toBe(approved(compared));
});

test.each([
  ['2025-11-18T02:40:00', /to: must be a time with its zone/],
  ['2025-11-18', /to: must be a time with its zone/],
  ['yesterday', /to: must be a time with its zone/],
])('a moment without its zone is refused: %s', (to, fault) => {
  const { error } = pointInTimeRequest.safeParse({ service: 'radar', to });
  expect(error && faultsOf(error).join()).toMatch(fault);
});

test('every fault of the definition is named', () => {
  const { error } = pointInTime.safeParse({
    provider: 'pgbackrest',
    binaries: 'bin/',
    directory: '/var/lib/',
    host: 'db1',
    port: 0,
    instance: 'x',
  });
  const faults = error ? faultsOf(error).join('\n') : '';
  for (const name of ['stanza', 'binaries', 'directory', 'port', 'instance']) expect(faults).toContain(name);
  expect(pointInTime.safeParse({ provider: 'oracle' }).success).toBe(false);
});

test('the name of the new instance holds the operation, at most 63 characters, as every provider takes it', () => {
  expect(newName('radar', 'bs-0a1b2c3d')).toBe('radar-bs-0a1b2c3d');
  const long = newName(`${'r'.repeat(50)}-${'s'.repeat(20)}`, 'bs-0a1b2c3d');
  expect(long).toMatch(/^r{50}-bs-0a1b2c3d$/);
});

test('a table in one line: what would be lost stands first', () => {
  expect(describeLossTable({ table: 'papers', now: 12, restored: 10, since: 4 })).toBe(
    'LOST: papers: 12 rows now, 10 then; 4 rows written since',
  );
  expect(describeLossTable({ table: 'papers', now: 9, restored: 10 })).toBe(
    'papers: 9 rows now, 10 then; rows not compared one by one',
  );
  expect(describeLossTable({ table: 'scores', now: 1 })).toBe(
    'LOST: scores: 1 row now, and no such table then',
  );
});

/** Runs the commands with a kubectl that remembers what it was called with. */
function secretsByHand(kept: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'backstep-by-hand-'));
  const kubectl = join(directory, 'kubectl');
  writeFileSync(
    kubectl,
    `#!/bin/sh\nif [ "$1" = get ]; then printf %s '${kept}'; [ -n '${kept}' ]; else printf '%s\\n' "$*" >>${directory}/said; fi\n`,
  );
  chmodSync(kubectl, 0o755);
  const lines = byHand(recoveryPlan()).filter((line) => line.includes('secret'));
  for (const line of lines)
    try {
      execFileSync('sh', ['-c', line], { env: { PATH: `${directory}:${process.env['PATH']}` } });
    } catch {
      // A line whose kept Secret is missing ends with a status, and has done nothing.
    }
  try {
    return readFileSync(join(directory, 'said'), 'utf8');
  } catch {
    return '';
  }
}

describe('by hand, without Backstep', () => {
  test('the kept URLs are put back into the Secrets', () => {
    expect(secretsByHand('c2VjcmV0').split('\n')).toEqual([
      'patch secret radar-database -n radar -p {"data":{"DATABASE_URL":"c2VjcmV0"}}',
      'patch secret radar-admin -n radar -p {"data":{"DATABASE_URL":"c2VjcmV0"}}',
      '',
    ]);
  });

  test('where nothing was switched, nothing is patched', () => {
    expect(secretsByHand('')).toBe('');
  });
});

test('what a definition names reaches the program as it was written, and is no command', () => {
  const evil = `x'; touch evil; echo "$(touch evil)" '`;
  const directory = mkdtempSync(join(tmpdir(), 'backstep-quotes-'));
  writeFileSync(join(directory, 'pgbackrest'), '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
  const definition = pointInTime.parse({
    provider: 'pgbackrest',
    stanza: evil,
    binaries: '/usr/bin',
    directory: '/nowhere',
    host: 'db1',
    port: 5433,
  });
  if (definition.provider !== 'pgbackrest') throw new Error('another provider');
  const env = { PATH: `${directory}:${process.env['PATH']}` };
  const said = execFileSync('sh', ['-s'], { input: info(definition), env, cwd: directory }).toString();
  expect(said.split('\n')[0]).toBe(`--stanza=${evil}`);
  expect(readdirSync(directory)).toEqual(['pgbackrest']);
});
