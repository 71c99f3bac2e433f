import { databaseExists } from '../../postgres/databases.ts';
import { utc } from '../../domain/text.ts';
import { carryOver } from '../../postgres/properties.ts';
import { approvedAtEmergency, type PutInPlace } from './step.ts';
import { Failure } from '../../domain/failures.ts';
import { shortHash } from '../../domain/plan/hash.ts';
import type { EmergencyPlan } from '../../domain/plan/plan.ts';
import { isYounger, type OperationRecord, type Swap } from '../../domain/record.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import { isInPlace, planSwap, swapIntoPlace } from '../swap-into-place.ts';
import { assertRestored } from '../restored.ts';

type Context = ActivityContext<EmergencyPlan>;
type Input = StepInput<'put-in-place'>;

/**
 * Runbook, Emergency Database Restore. Wanted: the restored database has the place of the fenced one, with the grants
 * and settings that belong to a database and not to its contents, and that one is kept. Known by looking: OIDs, rows,
 * revision. Writes stay stopped.
 *
 * @throws Failure NotApproved, WritesCameBack, RestoreFailed, OperationLost
 */
export async function putInPlace(context: Context, input: Input): Promise<PutInPlace> {
  const { plan, record } = context;
  const { database: restored } = input.restored;
  const { fencedName } = plan.database;
  const began = Date.now();
  assertApproved(plan, input);
  const swap = (await inPlace(context, restored)) ?? (await made());
  const notes = [...swap.notes, ...(await swapIntoPlace(context, swap))];
  const { counts, revision } = await assertRestored(context, fencedName);
  for (const note of notes) context.log.warn(note);
  return { failedDatabase: swap.failed.name, counts, revision, seconds: (Date.now() - began) / 1_000, notes };

  async function made(): Promise<Swap> {
    const planned = await planSwap(context, restored);
    assertNobodyWrote(await record.read(), input);
    context.progress({ doing: 'carries grants and settings over' });
    const carried = await context.admin((admin) => carryOver(admin, fencedName, restored));
    // From here on nothing unwinds by itself, whoever goes on with it.
    await record.update((now) => {
      // A breach is written to the same record: none can come between this look and the pivot.
      assertNobodyWrote(now, input);
      return { ...now, pivotAt: now.pivotAt ?? new Date().toISOString() };
    });
    return { ...planned, from: plan.source.kind, notes: carried };
  }
}

/** What an earlier attempt has put in place; what was restored since stands beside, and is not it. */
async function inPlace(context: Context, restored: string): Promise<Swap | undefined> {
  const { swap } = await context.record.read();
  if (swap?.restored.name !== restored) return undefined;
  if (await context.admin((admin) => databaseExists(admin, restored))) return undefined;
  return (await isInPlace(context, swap)) ? swap : undefined;
}

/** Law 5: what people approved is what is acted on. */
function assertApproved(plan: EmergencyPlan, { restored, dataDiff, approved }: Input): void {
  const hash = shortHash(approvedAtEmergency(plan, restored, dataDiff));
  if (hash === approved) return;
  throw new Failure('NotApproved', `What was approved is ${approved}, and what would be done is ${hash}.`);
}

/** Rows written since the data diff are lost by nobody's decision. */
function assertNobodyWrote({ breaches }: OperationRecord, { dataDiff }: Input): void {
  if (isYounger({ takenAt: dataDiff.at }, breaches)) return;
  throw new Failure(
    'WritesCameBack',
    `Somebody reached the database after it was counted at ${utc(dataDiff.at)}: what is lost by restoring is not what was approved.`,
  );
}
