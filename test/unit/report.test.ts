import { describe, expect, test } from 'vitest';
import { byHand } from '../../src/views/by-hand.ts';
import { fault } from '../../src/domain/failures.ts';
import type { Event } from '../../src/domain/journal/journal.ts';
import type { Pause } from '../../src/domain/plan/pauses.ts';
import { reportMarkdown } from '../../src/views/report/documents.ts';
import { reportOf } from '../../src/views/report/report.ts';
import { done, journalOf, straight, subject } from '../example-journal.ts';
import { examplePlan, findings } from '../example-plan.ts';

const reportOn = (...events: Event[]) => reportOf(journalOf(...events), subject());
const stoppedOnly: Event[] = [...done('assess'), ...done('stop-writes'), ...done('back-up')];

describe('the report', () => {
  test('names revision before and after, and what was reverted', () => {
    expect(reportOn(...straight).revision).toEqual({
      before: '0005',
      after: '0004',
      target: '0004',
      reverted: [{ revision: '0005', message: 'add scoring fields' }],
    });
    expect(reportOn(...stoppedOnly).revision?.after).toBe('0005');
  });

  test('law 4: says first what stays paused, for it would bring the bad release back', () => {
    const on = {
      group: 'argoproj.io',
      version: 'v1alpha1',
      plural: 'applications',
      namespace: 'argocd',
      name: 'radar',
    };
    const application: Pause = {
      in: 'cluster',
      what: 'Argo CD Application argocd/radar',
      on,
      field: ['spec', 'syncPolicy', 'automated'],
      found: { selfHeal: true },
      paused: null,
      until: 'person',
    };
    const job: Pause = {
      ...application,
      what: 'Job radar/upgrade',
      on: { group: 'batch', version: 'v1', plural: 'jobs', namespace: 'radar', name: 'upgrade' },
      field: ['spec', 'suspend'],
      found: false,
      paused: true,
    };
    const started = { ...findings['start-app'], staysPaused: [application, job] };
    const report = reportOn(...stoppedOnly, ...done('verify'), ...done('start-app', started));
    expect(report.attention.slice(0, 2)).toEqual([
      `Argo CD Application argocd/radar stays paused, or it would bring the bad release back. Once it holds the release that shall run: \`kubectl patch applications.argoproj.io radar -n argocd --type=merge -p '{"spec":{"syncPolicy":{"automated":{"selfHeal":true}}}}'\``,
      'Job radar/upgrade stays paused, or it would bring the bad release back. Delete it: `kubectl delete job upgrade -n radar`',
    ]);
    expect(report.toDo.slice(0, 2)).toEqual(report.attention.slice(0, 2));
  });

  test('does not claim a revision after a downgrade that did not end', () => {
    const report = reportOn(...stoppedOnly, { kind: 'step-began', step: 'downgrade', try: 1 });
    expect(report.revision).not.toHaveProperty('after');
    expect(reportMarkdown(report)).toContain('after: not known');
  });

  test('explains each difference in rows, and calls the rest unexplained', () => {
    const { rows } = reportOn(...straight);
    expect(rows).toEqual([
      { table: 'opportunities', afterStop: 20, atEnd: 20 },
      { table: 'papers', afterStop: 100, atEnd: 100 },
      {
        table: 'scores',
        afterStop: 7,
        difference: expect.stringContaining('dropped by the downgrade') as string,
      },
    ]);
    const worse = { ...findings.verify, counts: { papers: 90, more: 1 }, dropped: {} };
    const differences = reportOn(...stoppedOnly, ...done('verify', worse)).rows.map(
      ({ difference }) => difference,
    );
    expect(differences).toEqual([
      'unexplained: the table is new',
      'unexplained: the table is gone',
      'unexplained: -10 rows',
      'unexplained: the table is gone',
    ]);
  });

  test('after a restore nothing counts as dropped', () => {
    const { rows } = reportOn(
      ...straight,
      ...done('restore', { ...findings.restore, counts: { papers: 100, opportunities: 20 } }),
    );
    expect(rows.find(({ table }) => table === 'scores')?.difference).toBe('unexplained: the table is gone');
  });

  test('law 10: says what was not verified, and that names are self-asserted', () => {
    expect(reportOn(...straight).notVerified).toEqual([
      'Free space on the server',
      'grants',
      'Who decided: names are self-asserted, nobody proved an identity.',
    ]);
  });

  test('documents what was found, and what was verified', () => {
    const text = reportMarkdown(reportOn(...straight));
    expect(text).toContain('- Pod radar-api-1: not ready, CrashLoopBackOff');
    expect(text).toContain('- Log: KeyError: score');
    expect(text).toContain('## Verified\n\n- revision\n- catalog\n- row counts');
    expect(reportOn(...straight, ...done('restore')).verified).toEqual([]);
  });

  test('names who decided, and how each was proved', () => {
    expect(reportOn(...straight).decisions).toMatchObject([
      { by: 'ann', proof: 'self-asserted', what: 'approved gate downgrade', hash: '0123456789ab' },
      { by: 'bob', proof: 'self-asserted', what: 'approved gate downgrade', hash: '0123456789ab' },
    ]);
  });

  test('writes stopped: from the stop to the start; while they are stopped, commands to undo it by hand', () => {
    const well = reportOn(...straight);
    expect(well.writesStopped?.until).toBeDefined();
    expect(well.byHand).toEqual([]);
    const frozen = reportOn(...stoppedOnly);
    expect(frozen.writesStopped).not.toHaveProperty('until');
    expect(frozen.attention[0]).toContain('Writes are stopped');
    expect(frozen.byHand).toHaveLength(5);
  });

  test('a start that failed leaves writes stopped again', () => {
    const again: Event[] = [
      { kind: 'step-began', step: 'start-app', try: 1 },
      { kind: 'step-failed', step: 'start-app', try: 1, fault: fault('Unhealthy', '503') },
      { kind: 'step-began', step: 'stop-writes', try: 2 },
    ];
    expect(reportOn(...stoppedOnly, ...again).byHand).not.toEqual([]);
  });

  test('the Post-Rollback list is a to-do, after what needs a person', () => {
    const suspended = { ...findings['roll-back-app'], staySuspended: ['weekly'] };
    const { toDo } = reportOn(...straight, ...done('roll-back-app', suspended));
    expect(toDo[0]).toBe('CronJob weekly stays suspended: no image fits the target.');
    expect(toDo.slice(-6)[0]).toBe('Analyze the root cause of the migration failure');
    expect(toDo.at(-1)).toBe('Communicate to team and stakeholders');
  });

  test('breaches and ignored messages are told', () => {
    const at = '2025-11-18T03:00:12.000Z';
    const report = reportOn(
      ...straight,
      ...done('guard-writes', { breaches: [{ at, what: 'hourly was resumed', reachedDatabase: true }] }),
      { kind: 'message-ignored', message: 'approve', by: 'eve', why: 'this gate is for another plan' },
    );
    expect(report.breaches).toMatchObject([{ what: 'hourly was resumed', reachedDatabase: true }]);
    const breach = report.timeline.findIndex(({ what }) => what.startsWith('breach: hourly was resumed'));
    expect(report.timeline[breach - 1]?.at).toBe('2025-11-18T03:00:10.000Z');
    expect(report.timeline[breach + 1]?.at).toBe('2025-11-18T03:00:15.000Z');
    const text = reportMarkdown(report);
    expect(text).toContain('hourly was resumed: reached the database');
    expect(text).toContain('message approve by eve was ignored: this gate is for another plan');
  });

  test('as Markdown every table has rows of one width', () => {
    const text = reportMarkdown(reportOn(...straight));
    const widths = text
      .split('\n\n')
      .filter((block) => block.startsWith('|'))
      .map(
        (block) =>
          new Set(
            block
              .trim()
              .split('\n')
              .map((row) => row.split(/(?<!\\)\|/).length),
          ),
      );
    expect(widths.length).toBeGreaterThanOrEqual(4);
    for (const width of widths) expect(width.size).toBe(1);
    expect(text).toContain('# Rollback of radar: rolled-back');
    expect(text).toContain('SHA-256 c0ffee');
  });
});

describe('the commands to undo the freeze by hand', () => {
  test('give the database its name back first, then what was found; found stopped, the wanted state', () => {
    const image = 'i';
    const plan = examplePlan({
      workloads: [
        { deployment: 'api', found: { replicas: 3, image }, wanted: { replicas: 2 } },
        { deployment: 'worker', found: { replicas: 0, image }, wanted: { replicas: 1 } },
      ],
      cronJobs: [
        { name: 'hourly', found: { suspended: true, image }, wanted: { suspended: false } },
        { name: 'weekly', found: { suspended: true, image }, wanted: { suspended: true } },
      ],
    });
    expect(byHand(plan)).toEqual([
      'set -e',
      `psql "$ADMIN_DATABASE_URL" -c 'ALTER DATABASE "radar__backstep_0a1b2c3d" RENAME TO "radar"'`,
      'kubectl scale deployment/api -n radar --replicas=3',
      'kubectl scale deployment/worker -n radar --replicas=1',
      `kubectl patch cronjob hourly -n radar -p '{"spec":{"suspend":false}}'`,
      `kubectl patch cronjob weekly -n radar -p '{"spec":{"suspend":true}}'`,
    ]);
  });

  test('survive a database name with quotes', () => {
    const plan = examplePlan();
    plan.database.name = `a"b'c`;
    expect(byHand(plan)[1]).toContain(`RENAME TO "a""b'\\''c"'`);
  });
});
