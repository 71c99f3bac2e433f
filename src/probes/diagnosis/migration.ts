import type { Client } from '../../postgres/connect.ts';
import { writtenSince, type Stamp, type Written } from '../../postgres/symptoms/stamp.ts';
import type { EstimatedLosses, Sign } from '../../domain/diagnosis.ts';
import { base } from '../../domain/plan/revision.ts';
import type { SeenImage } from '../images.ts';
import type { BoundedProbe } from './bounded-probes.ts';

/** The migrations as far as they matter here. */
export interface Moved {
  from: string;
  target: string;
  /** Revisions to be reverted. */
  reverts: readonly string[];
}

/**
 * Whether the release that runs needs a revision beyond the database's: its migration did not finish
 * (runbook, Scenario 1).
 *
 * @param running image of the workload that migrates
 */
export function signsOfRelease(running: string, images: readonly SeenImage[], from: string): Sign[] {
  const inspection = images.find(({ image }) => image === running)?.inspection;
  const [head, ...others] = inspection?.heads ?? [];
  if (inspection === undefined || head === undefined || others.length > 0 || head === from) return [];
  // Where the release does not know the database's revision, it is behind it: then the database is where it should not be.
  if (!inspection.history.some(({ revision }) => revision === from)) return [];
  return [
    {
      symptom: 'release-ahead',
      evidence: `the release that runs (${running}) needs revision ${head}, the database is at ${from}`,
    },
  ];
}

/** What the catalog tells of the newest migration, and of what came after it. */
export function signsOfStamp(
  stamp: Stamp,
  {
    from,
    failed,
  }: { from: string; /** A migration beyond this revision is known to have failed. */ failed: boolean },
): Sign[] {
  const signs: Sign[] = [];
  const { tables, columns, changed, later } = stamp;
  if (tables.length + columns.length + changed.length === 0) {
    signs.push({
      symptom: 'nothing-made',
      evidence: `no table or column was made or changed by the transaction that wrote revision ${from}`,
    });
  }
  if (later.length > 0) {
    const names = later.slice(0, 6).join(', ') + (later.length > 6 ? ` and ${later.length - 6} more` : '');
    signs.push({
      symptom: failed ? 'half-applied' : 'changed-since',
      evidence: `made after revision ${from} was written: ${names}`,
    });
  }
  return signs;
}

/** More losses than these help nobody; the rehearsal has them all. */
const mostLosses = 15;

/**
 * The first data diff: what the newest migration made, with its rows, and those written since. It reads the
 * catalog alone, for the downgrade's own SQL is not known without running its code against this database.
 */
export async function estimatedLosses(
  client: Client,
  stamp: Stamp | undefined,
  { moved, look }: { moved: Moved; look: BoundedProbe },
): Promise<{ estimated: EstimatedLosses; signs: Sign[] }> {
  const estimated: EstimatedLosses = { losses: [], unknown: [] };
  const nothing = { estimated, signs: [] };
  const { reverts, from, target } = moved;
  if (stamp === undefined) {
    estimated.unknown.push(`the version table does not tell what ${from} made`);
    return nothing;
  }
  if (stamp.fromBase && target !== base) {
    estimated.unknown.push(
      `one transaction made everything up to ${from}: what of it the downgrade drops cannot be told`,
    );
    return nothing;
  }
  if (stamp.tables.length + stamp.columns.length === 0) {
    estimated.unknown.push(`the transaction that wrote ${from} made no table and no column`);
  }
  if (reverts.length > 1 && !stamp.fromBase) {
    estimated.unknown.push(
      `only what the transaction that wrote ${from} made is seen, of ${reverts.join(', ')}`,
    );
  }
  if (stamp.changed.length > 0)
    estimated.unknown.push(`changed by it as well: ${stamp.changed.slice(0, 10).join(', ')}`);
  const since: string[] = [];
  for (const made of [...stamp.tables.map((table) => ({ ...table, columns: [] })), ...stamp.columns]) {
    const { key, columns } = made;
    const written = await look(`rows of ${key}`, () =>
      writtenSince(client, made, columns, stamp.transaction),
    );
    if (written === undefined) {
      estimated.unknown.push(`rows of ${key} could not be counted in time`);
      continue;
    }
    const losses = lossesOf(key, columns, written);
    estimated.losses.push(...losses);
    since.push(
      ...losses
        .filter((loss) => (loss.writtenSince ?? 0) > 0)
        .map((loss) => `${loss.writtenSince} of ${loss.object}`),
    );
  }
  const signs: Sign[] =
    since.length === 0
      ? []
      : [
          {
            symptom: 'written-since',
            evidence: `rows written since revision ${from}, into what it made: ${since.slice(0, 6).join(', ')}`,
          },
        ];
  const more = estimated.losses.splice(mostLosses).length;
  if (more > 0) estimated.unknown.push(`${more} more tables and columns`);
  return { estimated, signs };
}

function lossesOf(
  key: string,
  columns: string[],
  { rows, since, columns: values }: Written,
): EstimatedLosses['losses'] {
  if (columns.length === 0) return [{ kind: 'table', object: key, rows, writtenSince: since }];
  return columns.map((column) => ({
    kind: 'column' as const,
    object: `${key}.${column}`,
    rows,
    values: values[column]?.values ?? 0,
    writtenSince: values[column]?.since ?? 0,
  }));
}
