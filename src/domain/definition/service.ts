import { z } from 'zod';
import { duration } from '../duration.ts';
import { dnsLabel, serviceName } from '../names.ts';
import { secretReference } from './secret-reference.ts';
import { approvals } from './approvals.ts';
import { backup } from './backup.ts';
import { checks } from './checks.ts';
import { diagnosis } from './diagnosis.ts';
import { escalation, namesOf } from './escalation.ts';
import { migrations } from './migrations.ts';
import { notify } from './notify.ts';
import { pointInTime } from './point-in-time.ts';
import { rehearsal } from './rehearsal.ts';
import { snapshot } from './snapshot.ts';
import { salvage } from './salvage.ts';
import { triggers } from './triggers.ts';
import { writes } from './writes.ts';

export { secretReference, type SecretReference } from './secret-reference.ts';

const identifier = z.string().min(1).max(63);
const tableName = z
  .string()
  .regex(/^([^.]+\.)?[^.]+$/, 'must be a table, or schema.table')
  .describe('A table; without a schema, in public');

const database = z.strictObject({
  url: secretReference.describe("The application's own DATABASE_URL; its role owns the tables"),
  admin: secretReference.describe(
    'A connection to a maintenance database, such as postgres, with the role that fences the database: CREATEDB, pg_signal_backend, and membership in the owner',
  ),
  extensionAdmin: secretReference
    .optional()
    .describe(
      'A connection that may create extensions which are not trusted, such as vector; used for nothing else',
    ),
  tables: z.array(tableName).min(1).describe('Tables that must exist and be counted before and after'),
  extensions: z.array(identifier).default([]).describe('Extensions that must exist at the end'),
});

const health = z.strictObject({
  service: dnsLabel.describe('Kubernetes Service in front of the pods'),
  port: z.int().min(1).max(65_535).describe('Port of that Service'),
  path: z.string().startsWith('/').default('/health').describe('It must answer with status 200'),
});

const workload = z.strictObject({
  deployment: dnsLabel.describe('Name of the Deployment'),
  replicas: z.int().min(0).describe('Replicas in normal operation'),
  readyWithin: duration.prefault('180s').describe('Time in which its pods must be Ready'),
  stop: z
    .enum(['scale', 'read-only'])
    .default('scale')
    .describe(
      'scale: 0 replicas while writes are stopped; read-only: it runs on, and reads from a copy to which nobody can write',
    ),
  health: health.optional().describe('Health check, made when it is Ready'),
  toRevision: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Release to return to, as in `kubectl rollout undo --to-revision`; without it, the newest that fits the target',
    ),
  image: z.string().min(1).optional().describe('Image to return to, if no earlier release has it'),
});

const cronJob = z.strictObject({
  name: dnsLabel.describe('Name of the CronJob'),
  suspended: z.boolean().default(false).describe('Its state in normal operation'),
  image: z
    .string()
    .min(1)
    .optional()
    .describe('Image to return to; without it, the image that its workload gets'),
  resume: z
    .enum(['run-once', 'wait'])
    .default('run-once')
    .describe('run-once: one run is started and must succeed; wait: the next scheduled run must succeed'),
  within: duration.prefault('10m').describe('Time limit of that run'),
});

/**
 * A service that Backstep can roll back: everything that the runbook says about it (names, order, wanted
 * state, tables, extension, escalation), and where its database URL lives. One YAML file a service.
 */
export const serviceDefinition = z
  .strictObject({
    $schema: z.string().optional(),
    service: serviceName.describe('Name of the service, in commands, workflow IDs and names of Jobs'),
    namespace: dnsLabel.describe('Its Kubernetes namespace'),
    database: database.describe('The database, and the roles that may use it'),
    migrations: migrations.describe('How migrations are run'),
    workloads: z.array(workload).min(1).describe('Deployments that use the database'),
    cronJobs: z
      .array(cronJob)
      .default([])
      .describe('CronJobs, in the order in which they are resumed one at a time'),
    backup: backup.describe('Where and how the database is backed up, and how the backup is proven'),
    snapshot: snapshot.prefault({}).describe('The clone on the same server, made when writes have stopped'),
    rehearsal: rehearsal.prefault({}).describe('The downgrade, tried on a copy before anybody is asked'),
    salvage: salvage.prefault({}).describe('What the downgrade would destroy is saved first'),
    pointInTime: pointInTime
      .optional()
      .describe(
        'The provider that can restore the database to a time; needed for a point-in-time restore only',
      ),
    checks: checks.prefault({}).describe('Your own checks, besides those of Backstep'),
    diagnosis: diagnosis.prefault({}).describe('What the advice (roll back, fix forward, unsure) looks at'),
    approvals: approvals.prefault({}).describe('Who may approve at the gates, and how they are verified'),
    writes: writes.prefault({}).describe('How writes are stopped'),
    writeOutageBudget: duration
      .prefault('2h')
      .describe(
        'Maximum time for which writes may be stopped, shown as a countdown. A hold before the downgrade ends then (see `onGiveUp`)',
      ),
    coolDown: duration
      .prefault('1h')
      .describe(
        'For so long after a rollback, another one to a relative target (-1) is answered with the first one and does not move the database further',
      ),
    onGiveUp: z
      .enum(['put-back', 'stay-stopped'])
      .default('put-back')
      .describe(
        'What happens to that hold if nobody decides: put-back starts everything again; stay-stopped leaves writes stopped',
      ),
    notify: notify.describe('Where notifications are sent'),
    triggers: triggers.describe('Alerts that start a rollback; an alert that matches no rule starts nothing'),
    escalation: escalation.describe('When people are called, and in which order'),
    relatedRunbooks: z
      .array(
        z.strictObject({
          title: z.string().min(1).describe('Its title'),
          url: z.string().min(1).describe('Its address; a web address becomes a link'),
        }),
      )
      .default([])
      .describe('Runbooks that every hold and the report refer to'),
  })
  .superRefine(({ escalation, notify }, context) => {
    escalation.path.forEach((level, index) => {
      const unknown = namesOf(level).find((told) => !notify.some(({ name }) => name === told));
      if (unknown === undefined) return;
      const message = `"${unknown}" is no channel of notify`;
      context.addIssue({ code: 'custom', path: ['escalation', 'path', index, 'notify'], message });
    });
  });

export type ServiceDefinition = z.infer<typeof serviceDefinition>;
/** A service definition as written in YAML, before defaults and durations are filled in. */
export type ServiceDefinitionSource = z.input<typeof serviceDefinition>;
export type Workload = ServiceDefinition['workloads'][number];
export type CronJob = ServiceDefinition['cronJobs'][number];
export type RelatedRunbook = ServiceDefinition['relatedRunbooks'][number];
