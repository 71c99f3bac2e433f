import { ApiException } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { ask, find, kubernetesFailure, statusOf } from '../../src/kubernetes/answer.ts';
import { Failure } from '../../src/domain/failures.ts';

const refusal = (code: number, message: string) =>
  new ApiException(code, 'Unknown API Status Code!', JSON.stringify({ kind: 'Status', message }), {
    authorization: 'Bearer abc',
  });
const forbidden =
  'deployments.apps "deeptech-api" is forbidden: User "backstep" cannot patch resource "deployments" in API group "apps" in the namespace "deeptech"';

describe('what the API server refuses', () => {
  it.each([
    [401, 'KubernetesRightMissing'],
    [403, 'KubernetesRightMissing'],
    [404, 'WorkloadMissing'],
    [429, 'KubernetesUnreachable'],
    [500, 'KubernetesUnreachable'],
    [503, 'KubernetesUnreachable'],
    [422, 'Unexpected'],
  ])('%i becomes %s', (code, type) => {
    const failure = kubernetesFailure(refusal(code, 'words of the server'), 'read Secret a/b');
    expect(failure.type).toBe(type);
    expect(failure.message).toContain('Could not read Secret a/b: words of the server');
    expect(statusOf(failure)).toBe(code);
  });

  it('names verb and resource of a missing right, and no header', () => {
    const { message } = kubernetesFailure(refusal(403, forbidden), 'scale');
    expect(message).toContain('cannot patch resource "deployments"');
    expect(message).not.toContain('Bearer');
  });

  it('takes a failed connection and a time-out for unreachable', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6443'), { code: 'ECONNREFUSED' });
    const failed = kubernetesFailure(new TypeError('fetch failed', { cause }), 'list pods');
    expect(failed.type).toBe('KubernetesUnreachable');
    expect(failed.message).toContain('ECONNREFUSED 127.0.0.1:6443');
    const late = kubernetesFailure(new DOMException('The operation timed out', 'TimeoutError'), 'list pods');
    expect(late.type).toBe('KubernetesUnreachable');
  });

  it('takes anything else for a bug', () => {
    expect(kubernetesFailure(new TypeError('x is undefined'), 'list pods').type).toBe('Unexpected');
  });

  it('lets a failure through as it is', () => {
    const failure = new Failure('SecretMissing', 'gone');
    expect(kubernetesFailure(failure, 'read')).toBe(failure);
  });

  it('finds nothing where there is nothing, and throws the rest', async () => {
    await expect(find('read', Promise.reject(refusal(404, 'gone')))).resolves.toBeUndefined();
    await expect(find('read', Promise.reject(refusal(403, forbidden)))).rejects.toMatchObject({
      type: 'KubernetesRightMissing',
    });
    await expect(ask('read', Promise.reject(refusal(404, 'gone')))).rejects.toMatchObject({
      type: 'WorkloadMissing',
    });
  });
});
