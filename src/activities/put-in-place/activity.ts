import { allowConnections } from '../../postgres/fence.ts';
import type { Client } from '../../postgres/connect.ts';
import { databaseExists, swap } from '../../postgres/databases.ts';
import { carryOver } from '../../postgres/properties.ts';
import { leftWithFormer } from '../../postgres/replication.ts';
import { Failure } from '../../domain/failures.ts';
import { shortHash } from '../../domain/plan/hash.ts';
import { besideName } from '../../domain/names.ts';
import type { EmergencyPlan } from '../../domain/plan/plan.ts';
import type { OperationRecord } from '../../domain/record.ts';
import { isYounger } from '../back-up/activity.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import { assertRestored } from '../restore-beside/assert-restored.ts';
import type { PutInPlace } from './step.ts';
import { approvedAtEmergency } from './step.ts';

type Context = ActivityContext<EmergencyPlan>;
type Input = StepInput<'put-in-place'>;

/**
 * In place of the runbook's DROP DATABASE (law 7). Wanted: the restored database has the name of the one that is
 * aside, and that one is kept under its own. Both are renamed in one transaction; grants and settings that belong
 * to a database and not to its contents are carried over first. Known by looking: names, rows, revision. Writes
 * stay stopped.
 *
 * @throws Failure NotApproved, WritesCameBack, RestoreFailed, OperationLost
 */
export async function putInPlace(context: Context, input: Input): Promise<PutInPlace> {
  const { operation, admin: asAdmin } = context.nonCancellable();
  const { plan } = context;
  const { database } = plan;
  const { restored } = input;
  const began = Date.now();
  const failed = besideName(database.name, 'failed', operation);
  assertApproved(plan, input);
  const notes: string[] = [];
  if (!(await asAdmin((admin) => isInPlace(admin, database, restored.database, failed)))) {
    assertNobodyWrote(await context.record.read(), input);
    context.progress({ doing: 'carries grants and settings over' });
    notes.push(...(await asAdmin((admin) => carryOver(admin, database.fencedName, restored.database))));
    // From here on nothing unwinds by itself, whoever goes on with it.
    await context.record.update((record) => {
      // A breach is written to the same record: none can come between this look and the pivot.
      assertNobodyWrote(record, input);
      return {
        ...record,
        pivotAt: record.pivotAt ?? new Date().toISOString(),
        kept: record.kept.includes(failed) ? record.kept : [...record.kept, failed],
      };
    });
    context.progress({ doing: `renames ${restored.database} into place, and keeps the present database` });
    await asAdmin((admin) =>
      swap(admin, [
        { from: database.fencedName, to: failed },
        { from: restored.database, to: database.fencedName },
      ]),
    );
  }
  await asAdmin(async (admin) => {
    await allowConnections(admin, failed, true);
    await allowConnections(admin, database.fencedName, true);
  });
  const { counts, revision } = await assertRestored(context, database.fencedName);
  notes.push(...(await asAdmin((admin) => leftWithFormer(admin, failed))));
  for (const note of notes) context.log.warn(note);
  return { kept: failed, counts, revision, seconds: (Date.now() - began) / 1_000, notes };
}

/** Law 5: what people approved is what is acted on. */
function assertApproved(plan: EmergencyPlan, { restored, dataDiff, approved }: Input): void {
  const hash = shortHash(approvedAtEmergency(plan, restored, dataDiff));
  if (hash === approved) return;
  throw new Failure('NotApproved', `What was approved is ${approved}, and what would be done is ${hash}.`);
}

/** An earlier attempt may have renamed both and then died. */
async function isInPlace(
  admin: Client,
  database: EmergencyPlan['database'],
  restored: string,
  failed: string,
): Promise<boolean> {
  const [kept, fencedName, beside] = [
    await databaseExists(admin, failed),
    await databaseExists(admin, database.fencedName),
    await databaseExists(admin, restored),
  ];
  if (kept && fencedName && !beside) return true;
  if (!kept && fencedName && beside) return false;
  throw new Failure(
    'RestoreFailed',
    `Of the databases ${database.fencedName} and ${restored} one is missing, or ${failed} is there already: somebody renamed or removed them.`,
  );
}

/** Rows written since the data diff are lost by nobody's decision. */
function assertNobodyWrote({ breaches }: OperationRecord, { dataDiff }: Input): void {
  if (isYounger({ takenAt: dataDiff.at }, breaches)) return;
  throw new Failure(
    'WritesCameBack',
    `Somebody reached the database after it was counted at ${dataDiff.at}: what is lost by restoring is not what was approved.`,
  );
}
