import type { RestoreExternalArguments } from './job.ts';
import type { Extension } from '../../postgres/databases.ts';
import type { RestoredDatabase } from './step.ts';
import { Failure } from '../../domain/failures.ts';
import { siblingName } from '../../domain/names.ts';
import { placeOf } from '../../domain/definition/dump-place.ts';
import { holdingIn } from '../../domain/definition/checks.ts';
import type { EmergencyPlan } from '../../domain/plan/plan.ts';
import type { ExternalDump, Source } from '../../domain/plan/source.ts';
import type { ActivityContext } from '../context.ts';
import { assertRestored } from '../restored.ts';
import { snapshotKind } from '../../snapshots/index.ts';
import { fillFromBackup, makeNewDatabase } from '../new-database.ts';
import { assertFenced } from '../swap-into-place.ts';
import { serviceChecks } from '../../postgres/service-checks.ts';

type Context = ActivityContext<EmergencyPlan>;

const step = 'restore-new-database';

/**
 * Runbook, Emergency Database Restore, steps 2 to 5, without step 1. Wanted: a new database beside the fenced one,
 * with everything that the source was read to hold. A snapshot is copied, so that it stays; a dump is
 * restored by a Job, extensions made first. Known by looking into it: rows, revision, extensions, sequences.
 *
 * @throws Failure RestoreFailed, BackupNotProved, JobNotStarted, DatabaseRightMissing
 */
export async function restoreNewDatabase(context: Context): Promise<RestoredDatabase> {
  const { database, source } = context.plan;
  const began = Date.now();
  const restored = siblingName(database.name, 'restored', context.operation);
  await assertFenced(context);
  if (source.kind === 'snapshot') await copyOf(context, source, restored);
  else {
    const extensions = extensionsOf(source, database.owner);
    await makeNewDatabase(context, { step, name: restored, extensions });
    await fill(context, source, restored);
  }
  context.progress({ doing: 'compares the restored database with what it was restored from' });
  const compared = await assertRestored(context, restored);
  context.progress({ doing: 'making the checks of the service' });
  const found = await withServiceChecks(context, restored, compared);
  return { database: restored, ...found, seconds: (Date.now() - began) / 1_000 };
}

/** They tell what the data means. One that fails keeps nobody from restoring the only dump there is: it is told. */
async function withServiceChecks<T extends Pick<RestoredDatabase, 'checked' | 'notVerified'>>(
  context: Context,
  restored: string,
  found: T,
): Promise<T & Pick<RestoredDatabase, 'wrong'>> {
  const { plan, service } = context;
  const all = service.checks.sql;
  const holds = holdingIn(all, plan);
  const { checked, wrong } = await serviceChecks(await context.adminUrl(restored), holds, context);
  const open = all.filter((check) => !holds.includes(check));
  return {
    ...found,
    checked: [...found.checked, ...checked],
    ...(wrong.length > 0 && { wrong }),
    notVerified: [
      ...found.notVerified,
      ...open.map(
        ({ name, since }) =>
          `Own check “${name}”: whether it holds at ${plan.target} already (since ${since}).`,
      ),
    ],
  };
}

/** It takes seconds, so what an attempt that died left is made anew. */
async function copyOf(
  context: Context,
  { snapshot }: Extract<Source, { kind: 'snapshot' }>,
  restored: string,
): Promise<void> {
  const kind = snapshotKind(snapshot);
  context.progress({ doing: `reads the snapshot ${snapshot.database} again` });
  const why = await kind.whyUnusable(context, snapshot);
  if (why !== undefined)
    throw new Failure('RestoreFailed', `The snapshot ${snapshot.database} does not do: ${why}.`);
  context.progress({ doing: `copies ${snapshot.database} to ${restored}` });
  await kind.copyTo(context, snapshot, restored);
}

type FromDump = Exclude<Source, { kind: 'snapshot' }>;

/** A dump that names no owner of an extension's schema leaves it to whoever owns the database. */
function extensionsOf(source: FromDump, owner: string): Extension[] {
  if (source.kind === 'file')
    return source.installed.map(({ name, schema }) => ({ name, schema: { owner, ...schema } }));
  return source.backup.installed;
}

async function fill(context: Context, source: FromDump, name: string): Promise<void> {
  if (source.kind === 'backup') return fillFromBackup(context, { step, name, backup: source.backup });
  await context.runJob('restore-external', externalArguments(context, source), {
    step,
    databases: { database: name },
    orElse: 'RestoreFailed',
  });
}

function externalArguments({ plan }: Context, source: ExternalDump): RestoreExternalArguments {
  const { file, format, sha256, bytes, installed } = source;
  return {
    operation: plan.operation,
    place: placeOf(plan.service.backup),
    file,
    format,
    sha256,
    bytes,
    extensionSchemas: installed.map(({ schema }) => schema.name).filter((name) => name !== 'public'),
    major: plan.database.serverMajor,
  };
}
