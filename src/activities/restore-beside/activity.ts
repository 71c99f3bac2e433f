import type { RestoreGivenArguments } from './job.ts';
import { restoreArguments, type RestoreResult } from '../../dumps/manifest.ts';
import { cloneDatabase, openClone } from '../../postgres/clones.ts';
import { withClient, withDatabase, type Client } from '../../postgres/connect.ts';
import { databaseExists, dropDatabase, type Extension } from '../../postgres/databases.ts';
import type { ActivityInput, RestoredBeside } from '../../domain/deeds.ts';
import { Failure } from '../../domain/failures.ts';
import { besideName } from '../../domain/names.ts';
import { placeOf } from '../../domain/definition/backup.ts';
import { holdingIn } from '../../domain/definition/checks.ts';
import type { GivenDump, Source } from '../../domain/plan/source.ts';
import { adminUrl, jobSecret } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { ownProgram } from '../own-program.ts';
import { assertRestored } from './assert-restored.ts';
import { whyUnusable } from '../snapshot/proof.ts';
import { emptyBeside } from '../restore/empty-beside.ts';
import { ownChecks } from '../verify/checks.ts';

type Input = ActivityInput<'restore-beside'>;

const job = { step: 'restore-beside' } as const;

/**
 * Runbook, Emergency Database Restore, steps 2 to 5, without step 1. Wanted: a new database beside the one that is
 * aside, with everything that the source was read to hold. A snapshot is cloned, so that it stays; a dump is
 * restored by a Job, extensions made first. Known by looking into it: rows, revision, extensions, sequences.
 *
 * @throws Failure RestoreFailed, BackupNotProved, JobNotStarted, DatabaseRightMissing
 */
export async function restoreBeside(
  dependencies: Dependencies,
  input: Input,
  attempt: Attempt,
): Promise<RestoredBeside> {
  const { operation, service, database, source } = input.plan;
  const began = Date.now();
  const restored = besideName(database.name, 'restored', operation);
  const url = await adminUrl(dependencies, service);
  const asAdmin = <T>(use: (admin: Client) => Promise<T>) => withClient(url, { operation }, use);
  await asAdmin((admin) => assertFenced(admin, input));
  if (source.kind === 'snapshot') await clone(url, input, attempt, { source, restored });
  else {
    const extensions = extensionsOf(source, database.owner);
    await asAdmin((admin) =>
      emptyBeside(dependencies, input, attempt, { admin, job, name: restored, extensions }),
    );
    await fill(dependencies, input, attempt, { source, restored });
  }
  attempt.progress({ doing: 'compares the restored database with what it was restored from' });
  const compared = await assertRestored(dependencies, input.plan, restored);
  attempt.progress({ doing: 'making the checks of the service' });
  const found = await withOwnChecks(withDatabase(url, restored), input, attempt, compared);
  return { database: restored, ...found, seconds: (Date.now() - began) / 1_000 };
}

/** They tell what the data means. One that fails keeps nobody from restoring the only dump there is: it is told. */
async function withOwnChecks<T extends Pick<RestoredBeside, 'checked' | 'notVerified'>>(
  url: string,
  { plan }: Input,
  { signal }: Attempt,
  found: T,
): Promise<T & Pick<RestoredBeside, 'wrong'>> {
  const all = plan.service.checks.sql;
  const holds = holdingIn(all, plan);
  const { checked, wrong } = await ownChecks(url, holds, { operation: plan.operation, signal });
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

async function assertFenced(admin: Client, { plan: { database } }: Input): Promise<void> {
  if (await databaseExists(admin, database.fencedName)) return;
  throw new Failure(
    'RestoreFailed',
    `Database ${database.name} is not fenced off under ${database.fencedName}: the application may be writing to it. Writes must be stopped first.`,
  );
}

/** Cloning takes seconds; what an attempt that died left is made anew. */
async function clone(
  url: string,
  { plan: { operation } }: Input,
  attempt: Attempt,
  { source, restored }: { source: Extract<Source, { kind: 'snapshot' }>; restored: string },
): Promise<void> {
  const { snapshot } = source;
  const { signal } = attempt;
  attempt.progress({ doing: `reads the snapshot ${snapshot.database} again` });
  const why = await whyUnusable(url, snapshot, { operation, signal });
  if (why !== undefined)
    throw new Failure('RestoreFailed', `The snapshot ${snapshot.database} does not do: ${why}.`);
  attempt.progress({ doing: `clones ${snapshot.database} to ${restored}` });
  await withClient(url, { operation, signal }, (admin) => dropDatabase(admin, restored, operation));
  await cloneDatabase(url, {
    from: snapshot.database,
    to: restored,
    operation,
    sourceStays: 'closed',
    signal,
  });
  await withClient(url, { operation, signal }, (admin) => openClone(admin, restored));
}

type FromDump = Exclude<Source, { kind: 'snapshot' }>;

/** A dump that names no owner of an extension's schema leaves it to whoever owns the database. */
function extensionsOf(source: FromDump, owner: string): Extension[] {
  if (source.kind === 'file')
    return source.installed.map(({ name, schema }) => ({ name, schema: { owner, ...schema } }));
  return source.backup.installed ?? source.extensions.map((name) => ({ name }));
}

async function fill(
  dependencies: Dependencies,
  input: Input,
  attempt: Attempt,
  { source, restored }: { source: FromDump; restored: string },
): Promise<void> {
  const { operation, service } = input.plan;
  const secret = await jobSecret(dependencies, {
    operation,
    service,
    part: 'restore-beside',
    database: restored,
  });
  if (source.kind === 'file') {
    const wish = {
      ...job,
      program: 'restore-given',
      arguments: givenArguments(input, source),
      secret,
    } as const;
    await ownProgram(dependencies, input, attempt, wish, 'RestoreFailed');
    return;
  }
  const wanted = restoreArguments(service, operation, source.backup);
  const wish = { ...job, program: 'restore', arguments: wanted, secret } as const;
  const { differences } = await ownProgram<RestoreResult>(
    dependencies,
    input,
    attempt,
    wish,
    'RestoreFailed',
  );
  if (differences.length === 0) return;
  throw new Failure(
    'RestoreFailed',
    `The restored database has another schema than the one backed up: ${differences.slice(0, 20).join('; ')}.`,
  );
}

function givenArguments({ plan }: Input, source: GivenDump): RestoreGivenArguments {
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
