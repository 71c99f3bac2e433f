import { describe, expect, test } from 'vitest';
import { fault } from '../../src/domain/failures.ts';
import type { Event } from '../../src/domain/journal/journal.ts';
import { byHandIn } from '../../src/views/by-hand.ts';
import { done, journalOf } from '../example-journal.ts';
import { recoveryPlan } from '../example-recovery.ts';
import { examplePlan } from '../example-plan.ts';

const stopped = [...done('assess'), ...done('stop-writes')];
const began = (step: 'downgrade' | 'roll-back-app'): Event => ({ kind: 'step-began', step, try: 1 });
const failed = (step: 'downgrade'): Event[] => [
  began(step),
  { kind: 'step-failed', step, try: 1, fault: fault('DowngradeUnclear', 'at 0004a') },
];
const scale = 'kubectl scale deployment/radar-api -n radar --replicas=3';
const set = (image: string) =>
  expect.stringMatching(`^kubectl set image deployment/radar-api .*=${image}"$`) as string;
const lines = (...events: Event[]) =>
  byHandIn(journalOf(...stopped, ...events), examplePlan()).filter((line) =>
    line.includes('deployment/radar-api'),
  );

describe('the commands by hand', () => {
  test('before the downgrade start the release as it was found', () => {
    expect(lines()).toEqual([scale]);
  });

  test('after it go back to the release that fits, before it starts', () => {
    expect(lines(...done('downgrade'))).toEqual([
      'kubectl rollout undo deployment/radar-api -n radar --to-revision=1',
      scale,
    ]);
    // That revision of the rollout is renumbered by going back to it.
    expect(lines(...done('downgrade'), ...done('roll-back-app'))).toEqual([set('radar-api:old'), scale]);
  });

  test('after a restore start the release from before', () => {
    expect(lines(...done('downgrade'), began('roll-back-app'), ...done('restore'))).toEqual([
      set('radar-api:new'),
      scale,
    ]);
  });

  test('start nothing where nobody knows which release fits', () => {
    const unclear = lines(...failed('downgrade'));
    expect(unclear).toContain(`# ${scale}`);
    for (const line of unclear) expect(line).toMatch(/^#/);
    const unfit = examplePlan();
    for (const workload of unfit.workloads) delete workload.rollBackTo;
    const journal = journalOf(...stopped, ...done('downgrade'));
    expect(byHandIn(journal, unfit).filter((line) => line.includes('deployment/radar-api'))).toEqual([
      `# ${scale}`,
    ]);
  });

  test('of a point-in-time restore lead to the old instance, with its release', () => {
    const journal = journalOf(...stopped, ...done('switch-database'), ...done('roll-back-app'));
    expect(byHandIn(journal, recoveryPlan()).join('\n')).toMatch(/kubectl patch secret[^]*=radar-api:new"/);
  });

  test('end at the first that fails', () => {
    expect(byHandIn(journalOf(...stopped), examplePlan())[0]).toBe('set -e');
  });
});
