import { z } from 'zod';
import { duration } from '../duration.ts';
import { dnsLabel } from '../names.ts';

const pauseOrName = z.enum(['pause', 'name']).default('pause');

/** How writes are stopped (runbook, Step 1). */
export const writes = z.strictObject({
  gracePeriod: duration.prefault('30s').describe('Time for pods and sessions to end'),
  quietFor: duration.prefault('10s').describe('How long there must be no session of others'),
  runningJobs: z
    .enum(['wait', 'delete'])
    .default('delete')
    .describe(
      'Running Jobs of the CronJobs: wait for them until the grace period ends, or delete them at once',
    ),
  owners: pauseOrName.describe(
    'Argo CD Applications, Flux Kustomizations and HelmReleases, KEDA ScaledObjects and ScaledJobs that manage the workloads: pause them, or only name them in the plan',
  ),
  argocdNamespace: dnsLabel
    .default('argocd')
    .describe('Namespace of Argo CD Applications whose tracking id has no namespace'),
  scaledJobs: z
    .array(dnsLabel)
    .default([])
    .describe('KEDA ScaledJobs, in the namespace of the service, that write to the database'),
  subscriptions: pauseOrName.describe('Subscriptions of the database: disable them, or only name them'),
  scheduledQueries: pauseOrName.describe('Jobs of pg_cron in the database: pause them, or only name them'),
  preparedTransactions: z
    .enum(['hold', 'roll-back'])
    .default('hold')
    .describe(
      'Prepared transactions keep writes from being stopped. hold: they are named, and everything is put back; roll-back: they are rolled back, which cannot be undone',
    ),
});
