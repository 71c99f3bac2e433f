import type { SalvageArguments, SalvageResult } from './job.ts';
import { withClient } from '../../postgres/connect.ts';
import { dropDatabase } from '../../postgres/databases.ts';
import type { ActivityInput } from '../../domain/deeds.ts';
import type { Loss, Rehearsed } from '../../domain/rehearsal.ts';
import { unknownIn, type Salvage, type SalvageFile } from '../../domain/salvage.ts';
import { placeOf } from '../../domain/definition/backup.ts';
import { adminUrl, jobSecret } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { ownProgram } from '../own-program.ts';
import { putBackCommand } from './put-back-command.ts';

type Input = ActivityInput<'salvage'>;

/** Longest text of statements that a history carries; the whole is kept as evidence. */
const inHistory = 4_000;
/** So many losses are in the rehearsal itself; where it has as many, its evidence has all. */
const listed = 40;

/**
 * Runbook, When to Rollback: data that depends on the new schema. Wanted: all that the rehearsal found lost lies
 * in one file beside the backups, read back and counted, and the report says how to put it back. A Job writes the
 * file; an earlier attempt's Job is joined, its file found by its SHA-256. Afterwards the rehearsed copy is gone.
 * Where nothing was rehearsed, what the estimate of losses names is kept, and the loss stays unknown.
 *
 * @throws Failure SalvageFailed, JobNotStarted
 */
export async function salvage(dependencies: Dependencies, input: Input, attempt: Attempt): Promise<Salvage> {
  const { plan, rehearsal, first } = input;
  const { use } = plan.service.salvage;
  if (!rehearsal.rehearsed) {
    if (rehearsal.there) return nothing(`Nothing is destroyed: ${rehearsal.why}`);
    return {
      ...(await guessed(dependencies, input, attempt, use === 'never' ? [] : (first?.losses ?? []))),
      ...unknownIn(rehearsal),
    };
  }
  const losses = await allLosses(dependencies, rehearsal);
  const kept =
    losses.length === 0
      ? nothing()
      : use === 'never'
        ? nothing('The definition keeps nothing (salvage.use: never).', losses)
        : await inFile(dependencies, input, attempt, { losses, copy: rehearsal.copy });
  if (rehearsal.copy !== undefined) await drop(dependencies, input, rehearsal.copy);
  return kept;
}

const nothing = (note?: string, lost: Loss[] = []): Salvage => ({
  salvaged: [],
  lost,
  notes: note === undefined ? [] : [note],
});

/**
 * What the newest migration made, by the catalog. The application went on after it was counted, so any number of
 * rows is right; and what is not there any more is nothing that the downgrade could destroy.
 */
async function guessed(
  dependencies: Dependencies,
  input: Input,
  attempt: Attempt,
  named: Loss[],
): Promise<Salvage> {
  if (named.length === 0) return nothing();
  const losses = named.map(({ kind, object }) => ({ kind, object, rows: 0 }));
  const kept = await inFile(dependencies, input, attempt, { losses, copy: undefined });
  return { ...kept, lost: [], notes: ['Kept by name: what the newest migration made.', ...kept.notes] };
}

async function allLosses({ storage }: Dependencies, { losses, evidence }: Rehearsed): Promise<Loss[]> {
  if (losses.length < listed) return losses;
  const whole = JSON.parse(new TextDecoder().decode(await storage.get(evidence.ref))) as { losses?: Loss[] };
  return whole.losses ?? losses;
}

async function inFile(
  dependencies: Dependencies,
  input: Input,
  attempt: Attempt,
  { losses, copy }: { losses: Loss[]; copy: string | undefined },
): Promise<Salvage> {
  const { operation, service, database, from, target } = input.plan;
  const secret = await jobSecret(dependencies, {
    operation,
    service,
    part: 'salvage',
    database: database.fencedName,
  });
  const wanted: SalvageArguments = {
    service: service.service,
    operation,
    try: input.try,
    place: placeOf(service.backup),
    ...(service.backup.s3?.prefix !== undefined && { prefix: service.backup.s3.prefix }),
    from,
    target,
    losses,
    versionTable: service.migrations.versionTable,
    ...(copy !== undefined && { copy }),
  };
  const { kept, ...found } = await ownProgram<SalvageResult>(
    dependencies,
    input,
    attempt,
    { step: 'salvage', program: 'salvage', arguments: wanted, secret },
    'SalvageFailed',
  );
  return kept === undefined ? found : { kept: await described(dependencies, input, kept), ...found };
}

async function described(
  dependencies: Dependencies,
  { plan, try: tried }: Input,
  { script, statements, ...file }: NonNullable<SalvageResult['kept']>,
): Promise<SalvageFile> {
  const { operation, service } = plan;
  const place = placeOf(service.backup);
  const { ref, sha256 } = await dependencies.storage.put(`${operation}/salvage-${tried}.sql`, script);
  return {
    ...file,
    store: 'claim' in place ? `volume claim ${place.claim}` : `s3://${place.bucket}`,
    statements: statements.length > inHistory ? `${statements.slice(0, inHistory)}\n-- …` : statements,
    text: { ref, sha256 },
    putBack: putBackCommand(plan, file),
  };
}

async function drop(dependencies: Dependencies, { plan }: Input, copy: string): Promise<void> {
  const url = await adminUrl(dependencies, plan.service);
  await withClient(url, { operation: plan.operation }, (admin) => dropDatabase(admin, copy, plan.operation));
}
