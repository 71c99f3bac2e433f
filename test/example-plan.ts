import { shortHash } from '../src/domain/plan/hash.ts';
import { instanceFindings } from './example-instance.ts';
import type { OperationId } from '../src/domain/names.ts';
import { siblingName } from '../src/domain/names.ts';
import type { Found, StepName } from '../src/activities/steps.ts';
import type { EmergencyPlan, Observations, Plan, RollbackPlan } from '../src/domain/plan/plan.ts';
import { rollbackRequest } from '../src/domain/plan/request.ts';
import { toolOf } from '../src/migrations/index.ts';
import { serviceDefinition } from '../src/domain/definition/service.ts';
import type { ServiceDefinitionSource } from '../src/domain/definition/service.ts';
import type { WaysBack } from '../src/activities/downgrade/step.ts';

/** A definition small enough to read, with both kinds of things that write. */
export const definitionSource = (service = 'radar'): ServiceDefinitionSource => ({
  service,
  namespace: 'radar',
  database: {
    url: { secret: 'radar-database', key: 'DATABASE_URL' },
    admin: { secret: 'radar-admin', key: 'DATABASE_URL' },
    tables: ['papers', 'opportunities'],
    extensions: ['vector'],
  },
  migrations: { workload: 'radar-api' },
  workloads: [{ deployment: 'radar-api', replicas: 2 }],
  cronJobs: [{ name: 'hourly' }, { name: 'daily' }],
  backup: { claim: 'backups' },
  escalation: { path: ['Database administrator', 'Senior backend engineer', 'CTO'] },
});

export const operation: OperationId = 'bs-0a1b2c3d';

/** The migration tool of the example: Alembic. */
export const exampleTool = toolOf({}, serviceDefinition.parse(definitionSource()));

export function examplePlan(
  changes: Partial<RollbackPlan> = {},
  source: Partial<ServiceDefinitionSource> = {},
): RollbackPlan {
  const service = serviceDefinition.parse({ ...definitionSource(), ...source });
  const image = 'radar-api:new';
  return {
    operation,
    kind: 'rollback',
    service,
    request: rollbackRequest.parse({
      service: service.service,
      reason: 'errors since 02:40',
      requestedBy: 'ann',
    }),
    jobImage: 'backstep-job:1',
    database: {
      server: '7400000000000000000',
      serverMajor: 18,
      name: 'radar',
      owner: 'radar',
      role: 'radar',
      fencedName: siblingName('radar', 'backstep', operation),
    },
    from: '0005',
    target: '0004',
    pauses: [],
    reverts: [
      { revision: '0005', parents: ['0004'], message: 'add scoring fields', path: '0005_scoring.py' },
    ],
    migrationImage: image,
    workloads: [
      {
        deployment: 'radar-api',
        found: { replicas: 3, image },
        wanted: { replicas: 2 },
        rollBackTo: { revision: 1, image: 'radar-api:old' },
      },
    ],
    cronJobs: ['hourly', 'daily'].map((name) => ({
      name,
      found: { suspended: false, image },
      wanted: { suspended: false },
      rollBackTo: { image: 'radar-api:old' },
    })),
    people: 1,
    ...changes,
  };
}

/** What an emergency restore of the same service pins. */
export function emergencyPlan(
  changes: Partial<EmergencyPlan> = {},
  source: Partial<ServiceDefinitionSource> = {},
): EmergencyPlan {
  const { kind: _, request, ...pinned } = examplePlan({}, source);
  const { service, reason, requestedBy } = request;
  return {
    ...pinned,
    kind: 'emergency-restore',
    request: { service, ...(reason && { reason }), ...(requestedBy && { requestedBy }) },
    reverts: [],
    source: {
      kind: 'file',
      file: 'dumps/backup_20251118.sql.gz',
      format: 'plain-gzip',
      revision: '0004',
      counts: { papers: 90, opportunities: 20 },
      extensions: ['vector'],
      sequences: { 'public.papers_id_seq': '90 called' },
      installed: [{ name: 'vector', schema: { name: 'public' } }],
      bytes: 30_000,
      takenAt: '2025-11-18T01:00:00.000Z',
      sha256: 'd0'.padEnd(64, '0'),
      serverVersion: '18.4',
      clientVersion: '18.4',
    },
    ...changes,
  };
}

export const hashOf = (plan: Plan) => shortHash(plan);

export const observations: Observations = {
  counts: { papers: 100, opportunities: 20, scores: 7 },
  databaseBytes: 12_345_678,
  sessions: [{ role: 'radar', application: 'api', count: 4 }],
  pods: [{ name: 'radar-api-1', ready: false, reason: 'CrashLoopBackOff' }],
  downgrades: [],
  errors: ['KeyError: score'],
  notes: ['HorizontalPodAutoscaler radar-api does nothing at 0 replicas'],
  notVerified: ['Free space on the server'],
};

/** What each step finds when all is well. */
export const findings: { [S in StepName]: Found<S> } = {
  assess: observations,
  'stop-writes': {
    at: '2025-11-18T03:00:10.000Z',
    counts: { papers: 100, opportunities: 20, scores: 7 },
    sessionsEnded: 4,
    jobsEnded: ['hourly-1'],
    alreadyStopped: [],
    paused: [],
    migrationsEnded: [],
    rolledBack: [],
  },
  'guard-writes': { breaches: [] },
  'back-up': {
    file: 'radar/bs-0a1b2c3d-1.dump',
    manifest: 'radar/bs-0a1b2c3d-1.json',
    store: 'volume claim backups',
    format: 'custom',
    bytes: 27_000_000,
    sha256: 'c0ffee'.padEnd(64, '0'),
    counts: { papers: 100, opportunities: 20, scores: 7 },
    catalog: 'ca7a'.padEnd(64, '0'),
    extensions: ['vector'],
    installed: [{ name: 'vector' }],
    takenAt: '2025-11-18T03:00:12.000Z',
    seconds: 4.2,
    client: 'pg_dump 18.4',
    proof: 'read',
    keepUntil: '2025-12-18T03:00:12.000Z',
  },
  snapshot: {
    made: true,
    kind: 'clone',
    database: 'radar__snapshot_0a1b2c3d',
    method: 'file_copy',
    takenAt: '2025-11-18T03:00:11.000Z',
    seconds: 0.4,
    bytes: 12_345_678,
    fingerprint: 'f1d0'.padEnd(64, '0'),
    counts: { papers: 100, opportunities: 20, scores: 7 },
    publicPrivileges: ['CONNECT', 'TEMPORARY'],
    notes: [],
    keepUntil: '2025-11-25T03:00:11.000Z',
  },
  rehearse: {
    rehearsed: true,
    seconds: 1.5,
    sql: [],
    locks: [{ relation: 'papers', mode: 'AccessExclusiveLock' }],
    changes: ['table scores dropped', 'column papers.score dropped'],
    losses: [
      { kind: 'table', object: 'scores', rows: 7 },
      { kind: 'column', object: 'papers.score', rows: 100, values: 60 },
    ],
    warnings: [],
    counts: { papers: 100, opportunities: 20 },
    evidence: { summary: '2 losses', ref: 'bs-0a1b2c3d/rehearsal-1.json', sha256: 'ab'.padEnd(64, '0') },
  },
  'rehearse-live': { outcome: 'yielded', why: 'operation bs-0a1b2c3d holds radar' },
  salvage: {
    saved: {
      file: 'radar/bs-0a1b2c3d-salvage-1.sql.gz',
      store: 'volume claim backups',
      bytes: 12_000,
      sha256: '5a1'.padEnd(64, '0'),
      statements: 'INSERT INTO scores …',
      putBack: 'gunzip -c bs-0a1b2c3d-salvage-1.sql.gz | psql "$DATABASE_URL"',
    },
    salvaged: [
      { object: 'scores', rows: 7 },
      { object: 'papers.score', rows: 100 },
    ],
    lost: [],
    notes: [],
  },
  downgrade: { from: '0005', to: '0004', moved: true, seconds: 3, job: 'bs-0a1b2c3d-downgrade-1' },
  verify: {
    revision: '0004',
    counts: { papers: 100, opportunities: 20 },
    checked: ['revision', 'catalog', 'row counts'],
    notVerified: ['grants'],
    dropped: { scores: 7 },
  },
  'roll-back-app': {
    workloads: [{ deployment: 'radar-api', image: 'radar-api:old', from: 'radar-api:new' }],
    cronJobs: [{ name: 'hourly', image: 'radar-api:old' }],
    staySuspended: [],
  },
  'start-app': {
    workloads: [{ deployment: 'radar-api', replicas: 2, seconds: 2 }],
    health: [{ deployment: 'radar-api', path: '/health', status: 200 }],
  },
  'resume-cron-jobs': { name: 'hourly', job: 'hourly-2', staysSuspended: false, seconds: 5 },
  'put-back': {
    workloads: [{ deployment: 'radar-api', replicas: 3 }],
    cronJobs: [{ name: 'hourly', suspended: false }],
    database: 'radar',
  },
  restore: {
    failedDatabase: 'radar__failed_0a1b2c3d',
    counts: { papers: 100, opportunities: 20, scores: 7 },
    revision: '0005',
    seconds: 9,
    from: 'snapshot',
    notes: [],
  },
  'hand-over': { to: 'nobody' },
  'restore-new-database': {
    database: 'radar__restored_0a1b2c3d',
    counts: { papers: 90, opportunities: 20 },
    revision: '0004',
    seconds: 8,
    checked: ['rows of 2 tables equal to those in the dump'],
    notVerified: [],
  },
  'data-diff': {
    at: '2025-11-18T03:00:30.000Z',
    tables: [
      {
        table: 'papers',
        now: 100,
        restored: 90,
        onlyNow: 10,
        onlyRestored: 0,
        changed: 2,
        newest: { column: 'created_at', now: '2025-11-18T02:59:00Z', restored: '2025-11-18T00:59:00Z' },
      },
    ],
    equal: 1,
    lostRows: 12,
    loses: true,
    seconds: 1,
    evidence: {
      summary: '1 table differs',
      ref: 'bs-0a1b2c3d/data-diff-1.json',
      sha256: 'ce'.padEnd(64, '0'),
    },
  },
  'put-in-place': {
    failedDatabase: 'radar__failed_0a1b2c3d',
    counts: { papers: 90, opportunities: 20 },
    revision: '0004',
    seconds: 0.3,
    notes: [],
  },
  ...instanceFindings,
  report: {
    markdown: 'reports/bs-0a1b2c3d/report.md',
    json: 'reports/bs-0a1b2c3d/report.json',
    html: 'reports/bs-0a1b2c3d/report.html',
  },
};

/** What stands between a downgrade and a loss when all is well. */
export const waysBack: WaysBack = {
  stopped: findings['stop-writes'],
  snapshot: findings['snapshot'],
  backup: findings['back-up'],
  rehearsal: findings.rehearse,
  salvage: findings.salvage,
};
