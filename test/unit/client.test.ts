import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceError, WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import {
  ApplicationFailure,
  NamespaceNotFoundError,
  RetryState,
  TerminatedFailure,
} from '@temporalio/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { clientError, said } from '../../src/client/client-error.ts';
import { connectClient, settings } from '../../src/client/connection.ts';
import { fault } from '../../src/domain/failures.ts';

describe('the settings of a client', () => {
  const directory = mkdtempSync(join(tmpdir(), 'backstep-profile-'));
  const file = join(directory, 'temporal.toml');
  writeFileSync(
    file,
    `[profile.default]\naddress = "from-file:7233"\nnamespace = "ops"\n[profile.cloud]\naddress = "cloud:7233"\nnamespace = "ops.acct"\napi_key = "k"\n`,
  );
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('come from the TOML profile, then the environment, then the options', () => {
    vi.stubEnv('TEMPORAL_CONFIG_FILE', file);
    expect(settings()).toMatchObject({ connection: { address: 'from-file:7233' }, namespace: 'ops' });
    vi.stubEnv('TEMPORAL_PROFILE', 'cloud');
    expect(settings()).toMatchObject({
      connection: { address: 'cloud:7233', apiKey: 'k' },
      namespace: 'ops.acct',
    });
    expect(settings({ profile: 'default' })).toMatchObject({ namespace: 'ops' });
    vi.stubEnv('TEMPORAL_ADDRESS', 'from-environment:7233');
    expect(settings().connection.address).toBe('from-environment:7233');
    expect(settings({ address: 'given:1', namespace: 'n' })).toMatchObject({
      connection: { address: 'given:1' },
      namespace: 'n',
    });
  });

  it('that cannot be read are bad input, with what to correct', () => {
    vi.stubEnv('TEMPORAL_CONFIG_FILE', file);
    vi.stubEnv('TEMPORAL_PROFILE', 'none');
    expect(() => settings()).toThrow(
      expect.objectContaining({ kind: 'invalid', next: expect.stringMatching(/TEMPORAL_PROFILE/) as string }),
    );
    rmSync(directory, { recursive: true });
  });

  it('of a server that is not there: said within the connect time-out', async () => {
    const began = Date.now();
    await expect(connectClient({ address: '127.0.0.1:1', connectTimeout: 300 })).rejects.toMatchObject({
      kind: 'unreachable',
      message: 'Temporal cannot be reached: no answer from 127.0.0.1:1 within 0.3 s.',
    });
    expect(Date.now() - began).toBeLessThan(3_000);
  });
});

const grpc = (code: number, details: string) =>
  new ServiceError('failed', { cause: Object.assign(new Error(details), { code, details, metadata: {} }) });

describe('what the SDK throws', () => {
  it.each([
    [grpc(14, 'connection dropped'), 'unreachable', /connection dropped/],
    [grpc(7, 'not yours'), 'refused', /refuses to try it: not yours/],
    [grpc(4, 'deadline'), 'no-worker', /No worker answers/],
    [grpc(9, 'no poller seen for task queue recently, worker may be down'), 'no-worker', /No worker answers/],
    [grpc(13, 'internal'), 'failed', /Could not try it: internal/],
    [new NamespaceNotFoundError('ops'), 'invalid', /no namespace "ops"/],
    [new TypeError('x is not a function'), 'failed', /Could not try it: x is not a function/],
  ])('becomes one sentence and a next move (%#)', (error, kind, message) => {
    const found = clientError(error, 'try it');
    expect(found).toMatchObject({ kind, message: expect.stringMatching(message) as string });
    expect(found.next).toMatch(/\.$/);
    expect(clientError(found, 'again')).toBe(found);
  });

  it('the refusal of an update keeps its own words', () => {
    const refusal = ApplicationFailure.nonRetryable('No gate is open.', 'MessageRefused');
    expect(clientError(new WorkflowUpdateFailedError('update failed', refusal), 'approve it')).toMatchObject({
      kind: 'refused',
      message: 'No gate is open.',
    });
  });
});

describe('how a failed run is told', () => {
  it('with the types of all its faults, and the next move once', () => {
    const next = fault('Refused', '').next;
    const faults = [fault('WorkloadMissing', 'no Deployment x'), fault('SecretMissing', 'no Secret y')];
    const failure = ApplicationFailure.nonRetryable(
      `no Deployment x\nno Secret y\n ${next}`,
      'Refused',
      faults,
    );
    expect(said(failure)).toEqual({
      message: 'no Deployment x\nno Secret y',
      next,
      type: 'Refused',
      faults: ['WorkloadMissing', 'SecretMissing'],
    });
  });

  it('with the next move of its one fault', () => {
    const one = fault('PutBackFailed', 'deeptech-api is at 0');
    const failed = new WorkflowFailedError(
      'failed',
      ApplicationFailure.nonRetryable(one.message, one.type, one),
      RetryState.NON_RETRYABLE_FAILURE,
    );
    expect(clientError(failed, 'x')).toMatchObject({ message: 'deeptech-api is at 0', next: one.next });
  });

  it('a terminated one as what it is', () => {
    expect(said(new TerminatedFailure('Workflow execution terminated'))).toMatchObject({
      message: 'Workflow execution terminated',
    });
  });
});
