import { update } from '../../kubernetes/records.ts';
import { allowConnections } from '../../postgres/fence.ts';
import { withClient, type Client } from '../../postgres/connect.ts';
import { databaseExists, swap } from '../../postgres/databases.ts';
import { carryOver } from '../../postgres/properties.ts';
import { leftWithFormer } from '../../postgres/replication.ts';
import { approvedAtEmergency } from '../../domain/approval/approved.ts';
import type { DeedInput, PutInPlace } from '../../domain/deeds.ts';
import { Failure } from '../../domain/failures.ts';
import { shortHash } from '../../domain/plan/hash.ts';
import { besideName } from '../../domain/names.ts';
import type { OperationRecord } from '../../domain/record.ts';
import { isYounger } from '../back-up/activity.ts';
import { adminUrl } from '../connections.ts';
import type { Attempt, Means } from '../means.ts';
import { ownRecord } from '../own-record.ts';
import { assertRestored } from '../restore-beside/assert-restored.ts';

type Input = DeedInput<'put-in-place'>;

/**
 * In place of the runbook's DROP DATABASE (law 7). Wanted: the restored database has the name of the one that is
 * aside, and that one is kept under its own. Both are renamed in one transaction; grants and settings that belong
 * to a database and not to its contents are carried over first. Known by looking: names, rows, revision. Writes
 * stay stopped.
 *
 * @throws Failure NotApproved, WritesCameBack, RestoreFailed, OperationLost
 */
export async function putInPlace(means: Means, input: Input, attempt: Attempt): Promise<PutInPlace> {
  const { plan, restored } = input;
  const { operation, service, database } = plan;
  const began = Date.now();
  const failed = besideName(database.name, 'failed', operation);
  const url = await adminUrl(means, service);
  const asAdmin = <T>(use: (admin: Client) => Promise<T>) => withClient(url, { operation }, use);
  const change = (to: (record: OperationRecord) => OperationRecord) =>
    update(means.cluster, means.recordsNamespace, database, operation, to);
  assertApproved(input);
  const notes: string[] = [];
  if (!(await asAdmin((admin) => isInPlace(admin, input, failed)))) {
    assertNobodyWrote(await ownRecord(means, plan), input);
    attempt.progress({ doing: 'carries grants and settings over' });
    notes.push(...(await asAdmin((admin) => carryOver(admin, database.aside, restored.database))));
    // From here on nothing unwinds by itself, whoever goes on with it.
    await change((record) => {
      // A breach is written to the same record: none can come between this look and the pivot.
      assertNobodyWrote(record, input);
      return {
        ...record,
        pivotAt: record.pivotAt ?? new Date().toISOString(),
        kept: record.kept.includes(failed) ? record.kept : [...record.kept, failed],
      };
    });
    attempt.progress({ doing: `renames ${restored.database} into place, and keeps the present database` });
    await asAdmin((admin) =>
      swap(admin, [
        { from: database.aside, to: failed },
        { from: restored.database, to: database.aside },
      ]),
    );
  }
  await asAdmin(async (admin) => {
    await allowConnections(admin, failed, true);
    await allowConnections(admin, database.aside, true);
  });
  const { counts, revision } = await assertRestored(means, plan, database.aside);
  notes.push(...(await asAdmin((admin) => leftWithFormer(admin, failed))));
  for (const note of notes) attempt.log.warn(note);
  return { kept: failed, counts, revision, seconds: (Date.now() - began) / 1_000, notes };
}

/** Law 5: what people approved is what is acted on. */
function assertApproved({ plan, restored, census, approved }: Input): void {
  const hash = shortHash(approvedAtEmergency(plan, restored, census));
  if (hash === approved) return;
  throw new Failure('NotApproved', `What was approved is ${approved}, and what would be done is ${hash}.`);
}

/** An earlier attempt may have renamed both and then died. */
async function isInPlace(admin: Client, { plan, restored }: Input, failed: string): Promise<boolean> {
  const [kept, aside, beside] = [
    await databaseExists(admin, failed),
    await databaseExists(admin, plan.database.aside),
    await databaseExists(admin, restored.database),
  ];
  if (kept && aside && !beside) return true;
  if (!kept && aside && beside) return false;
  throw new Failure(
    'RestoreFailed',
    `Of the databases ${plan.database.aside} and ${restored.database} one is missing, or ${failed} is there already: somebody renamed or removed them.`,
  );
}

/** Rows written since the census are lost by nobody's decision. */
function assertNobodyWrote({ breaches }: OperationRecord, { census }: Input): void {
  if (isYounger({ takenAt: census.at }, breaches)) return;
  throw new Failure(
    'WritesCameBack',
    `Somebody reached the database after it was counted at ${census.at}: what is lost by restoring is not what was approved.`,
  );
}
