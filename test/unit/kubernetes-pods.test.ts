import type { V1PodStatus } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { isReady, mayRun, troubleOf } from '../../src/kubernetes/pods.ts';
import { selectorText } from '../../src/kubernetes/deployments.ts';

const container = { image: 'radar:2', imageID: '', name: 'api', ready: false, restartCount: 0 };
const trouble = (status: V1PodStatus) => troubleOf({ status });

describe('trouble of a pod, in the words of Kubernetes', () => {
  it('is none while it starts or runs', () => {
    expect(
      trouble({
        phase: 'Pending',
        containerStatuses: [{ ...container, state: { waiting: { reason: 'ContainerCreating' } } }],
      }),
    ).toBeUndefined();
    expect(
      trouble({ phase: 'Running', containerStatuses: [{ ...container, state: { running: {} } }] }),
    ).toBeUndefined();
  });

  it('names an image that cannot be pulled', () => {
    const waiting = { reason: 'ErrImagePull', message: 'not found' };
    expect(trouble({ containerStatuses: [{ ...container, state: { waiting } }] })).toBe(
      'container api: ErrImagePull: not found',
    );
  });

  it('names why a container crashed, while it waits to be started again', () => {
    const state = { waiting: { reason: 'CrashLoopBackOff' } };
    const lastState = { terminated: { exitCode: 137, reason: 'OOMKilled' } };
    expect(trouble({ containerStatuses: [{ ...container, state, lastState }] })).toBe(
      'container api: CrashLoopBackOff; OOMKilled, exit code 137',
    );
  });

  it('names a node that cannot be found, and an eviction', () => {
    const conditions = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no node' },
    ];
    expect(trouble({ phase: 'Pending', conditions })).toBe('Unschedulable: no node');
    expect(trouble({ phase: 'Failed', reason: 'Evicted', message: 'disk pressure' })).toBe(
      'Evicted: disk pressure',
    );
  });
});

describe('pods', () => {
  const ready = { conditions: [{ type: 'Ready', status: 'True' }], phase: 'Running' };
  it('count as running until they have ended, terminating ones too', () => {
    expect(mayRun({ metadata: { deletionTimestamp: new Date() }, status: ready })).toBe(true);
    expect(mayRun({ status: { phase: 'Succeeded' } })).toBe(false);
    expect(mayRun({ status: { phase: 'Failed' } })).toBe(false);
  });

  it('are not ready once they terminate', () => {
    expect(isReady({ status: ready })).toBe(true);
    expect(isReady({ metadata: { deletionTimestamp: new Date() }, status: ready })).toBe(false);
  });
});

describe('a selector as text', () => {
  it('has labels and expressions', () => {
    const matchExpressions = [
      { key: 'tier', operator: 'In', values: ['web', 'api'] },
      { key: 'canary', operator: 'DoesNotExist' },
      { key: 'team', operator: 'Exists' },
    ];
    expect(selectorText({ matchLabels: { app: 'radar' }, matchExpressions })).toBe(
      'app=radar,tier in (web,api),!canary,team',
    );
  });
});
