import type { SalvageArguments, SalvageResult } from './job.ts';
import { dropDatabase } from '../../postgres/databases.ts';
import { defined } from '../../domain/defined.ts';
import type { Loss, Rehearsed } from '../../domain/rehearsal.ts';
import { unknownIn, type Salvage, type SalvageFile } from '../../domain/salvage.ts';
import { pathIn, placeName, placeOf } from '../../domain/definition/dump-place.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import { putBackCommand } from './put-back-command.ts';

type Input = StepInput<'salvage'>;

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
export async function salvage(context: ActivityContext, { rehearsal, first }: Input): Promise<Salvage> {
  const { use } = context.service.salvage;
  if (!rehearsal.rehearsed) {
    if (rehearsal.there) return nothing(`Nothing is destroyed: ${rehearsal.why}`);
    return {
      ...(await guessed(context, use === 'never' ? [] : (first?.losses ?? []))),
      ...unknownIn(rehearsal),
    };
  }
  const losses = await allLosses(context, rehearsal);
  const saved =
    losses.length === 0
      ? nothing()
      : use === 'never'
        ? nothing('The definition keeps nothing (salvage.use: never).', losses)
        : await inFile(context, losses, rehearsal.copy);
  if (rehearsal.copy !== undefined) await drop(context, rehearsal.copy);
  return saved;
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
async function guessed(context: ActivityContext, named: Loss[]): Promise<Salvage> {
  if (named.length === 0) return nothing();
  const losses = named.map(({ kind, object }) => ({ kind, object, rows: 0 }));
  const saved = await inFile(context, losses);
  return { ...saved, lost: [], notes: ['Kept by name: what the newest migration made.', ...saved.notes] };
}

async function allLosses({ storage }: ActivityContext, { losses, evidence }: Rehearsed): Promise<Loss[]> {
  if (losses.length < listed) return losses;
  const whole = JSON.parse(new TextDecoder().decode(await storage.get(evidence.ref))) as { losses?: Loss[] };
  return whole.losses ?? losses;
}

async function inFile(context: ActivityContext, losses: Loss[], copy?: string): Promise<Salvage> {
  const { operation, service, database, from, target } = context.plan;
  const place = placeOf(service.backup);
  const wanted: SalvageArguments = {
    service: service.service,
    operation,
    try: context.try,
    place,
    directory: pathIn(place, service.service),
    ...defined({ copy }),
    from,
    target,
    losses,
    toolTables: context.tool.toolTables,
  };
  const { saved, ...found } = await context.runJob('salvage', wanted, {
    step: 'salvage',
    databases: { database: database.fencedName },
    orElse: 'SalvageFailed',
  });
  return saved === undefined ? found : { saved: await described(context, saved), ...found };
}

async function described(
  context: ActivityContext,
  { script, statements, ...file }: NonNullable<SalvageResult['saved']>,
): Promise<SalvageFile> {
  const { operation, service } = context;
  const { ref, sha256 } = await context.storage.put(`${operation}/salvage-${context.try}.sql`, script);
  return {
    ...file,
    store: placeName(placeOf(service.backup)),
    statements: statements.length > inHistory ? `${statements.slice(0, inHistory)}\n-- …` : statements,
    text: { ref, sha256 },
    putBack: putBackCommand(context.plan, file),
  };
}

const drop = ({ admin, operation }: ActivityContext, copy: string): Promise<void> =>
  admin((client) => dropDatabase(client, copy, operation));
