import { DatabaseError } from 'pg';
import { describe, expect, test } from 'vitest';
import { isYounger } from '../../src/domain/record.ts';
import { resultOf } from '../../src/activities/jobs.ts';
import { unequal } from '../../src/activities/restored.ts';
import { postgresFailure } from '../../src/postgres/failure.ts';
import { describeSession } from '../../src/postgres/sessions.ts';
import { Failure } from '../../src/domain/failures.ts';
import { findings } from '../example-plan.ts';

const refused = (code: string, message = 'no') =>
  Object.assign(new DatabaseError(message, 1, 'error'), { code });

const end = { name: 'bs-1-back-up-1', succeeded: false, lines: [] as string[] };
const said = (type: string) => [`BACKSTEP-FAILURE {"type":"${type}","message":"pg_dump was killed"}`];
const breach = (at: string, reachedDatabase = true) => ({ at, what: 'a pod', reachedDatabase });

function typeOf(type: string): unknown {
  try {
    return resultOf({ ...end, lines: said(type) }, 'BackupFailed');
  } catch (error) {
    return error instanceof Failure ? error.type : error;
  }
}

describe('postgresFailure', () => {
  test.each([
    [refused('28P01'), 'DatabaseLoginRefused'],
    [refused('28000'), 'DatabaseLoginRefused'],
    [refused('42501'), 'DatabaseRightMissing'],
    [refused('3D000'), 'DatabaseInvalid'],
    [refused('42P01'), 'DatabaseInvalid'],
    [refused('57P01'), 'DatabaseUnreachable'],
    [refused('55P03'), 'DatabaseUnreachable'],
    [refused('53300'), 'DatabaseUnreachable'],
    [refused('XX001', 'invalid page in block 3'), 'DatabaseDamaged'],
    [refused('XX002'), 'DatabaseDamaged'],
    [refused('58030'), 'DatabaseDamaged'],
    [refused('XX000'), 'Unexpected'],
    [refused('22012'), 'Unexpected'],
    [Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), 'DatabaseUnreachable'],
    [new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })]), 'DatabaseUnreachable'],
    [new Error('timeout expired'), 'DatabaseUnreachable'],
    [new Error('Connection terminated unexpectedly'), 'DatabaseUnreachable'],
    [new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'), 'DatabaseLoginRefused'],
    [new TypeError('Invalid URL: postgresql://a:secret@'), 'DatabaseInvalid'],
  ])('%s is %s', (error, type) => {
    const failure = postgresFailure(error, 'count the tables');
    expect(failure.type).toBe(type);
    expect(failure.message).toContain('count the tables');
    expect(failure.message).not.toContain('secret');
  });
});

describe('resultOf', () => {
  test('is the result, only of a Job that succeeded', () => {
    const lines = ['log', 'BACKSTEP-PROGRESS {"doing":"x"}', 'BACKSTEP-RESULT {"bytes":1}'];
    expect(resultOf({ ...end, succeeded: true, lines }, 'BackupFailed')).toEqual({ bytes: 1 });
    expect(() => resultOf({ ...end, lines }, 'BackupFailed')).toThrow(/ended without a result/);
  });

  test('is the failure that the program named, but none that would be tried again by itself', () => {
    expect(typeOf('BackupNotProved')).toBe('BackupNotProved');
    expect(typeOf('DatabaseUnreachable')).toBe('BackupFailed');
    expect(typeOf('no such type')).toBe('BackupFailed');
  });

  test('without a word of the program tells how the Job ended, with its last lines', () => {
    const killed = {
      ...end,
      exitCode: 137,
      reason: 'OOMKilled',
      lines: ['BACKSTEP-RESULT {"cut', 'last line'],
    };
    expect(() => resultOf(killed, 'RestoreFailed')).toThrow(/OOMKilled[^]*last line/);
  });
});

test('a backup counts only while nobody has reached the database since', () => {
  const backup = findings['back-up'];
  if (backup === undefined) throw new Error('the example has a backup');
  expect(isYounger(backup, [])).toBe(true);
  expect(isYounger(backup, [breach('2025-11-18T03:00:11.000Z')])).toBe(true);
  expect(isYounger(backup, [breach('2025-11-18T03:00:12.000Z')])).toBe(false);
  expect(isYounger(backup, [breach('2025-11-18T04:00:00.000Z', false)])).toBe(true);
});

test('tables that differ are named with both counts', () => {
  expect(unequal({ a: 1, b: 2, c: 3 }, { a: 1, b: 1, d: 0 })).toEqual([
    'table b has 1 rows, and had 2',
    'table c has no rows, and had 3',
    'table d has 0 rows, and had no',
  ]);
});

test('a session is named as a person looks for it', () => {
  const session = { pid: 7, role: 'radar', application: 'gunicorn', superuser: false };
  expect(describeSession(session)).toBe('pid 7, role radar, "gunicorn"');
  expect(describeSession({ ...session, application: '', superuser: true, kind: 'walsender' })).toBe(
    'pid 7, role radar (superuser: only a superuser can end it), walsender',
  );
});
