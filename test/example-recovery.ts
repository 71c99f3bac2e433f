import type { PointInTimePlan } from '../src/domain/plan/plan.ts';
import type { ServiceDefinitionSource } from '../src/domain/definition/service.ts';
import { examplePlan, operation } from './example-plan.ts';

/** What a point-in-time restore of the same service pins. */
export function recoveryPlan(
  changes: Partial<PointInTimePlan> = {},
  source: Partial<ServiceDefinitionSource> = {},
): PointInTimePlan {
  const pointInTime = { provider: 'rds', instance: 'radar', region: 'eu-central-1' } as const;
  const { kind: _, request, ...pinned } = examplePlan({}, { pointInTime, ...source });
  const mine = changes.operation ?? operation;
  return {
    ...pinned,
    kind: 'point-in-time-restore',
    request,
    recovery: {
      provider: 'rds',
      instance: 'radar',
      newInstance: `radar-${mine}`,
      operation: mine,
      endpoint: { host: 'radar.example', port: 5432 },
      to: '2025-11-18T02:40:00.000Z',
      how: 'requested',
      subscriptions: [],
      evidence: '',
      earliest: '2025-11-11T00:00:00.000Z',
      latest: '2025-11-18T02:55:00.000Z',
      carries: ['class db.m6g.large'],
    },
    ...changes,
  };
}
