import { revisionText } from '../domain/plan/revision.ts';
import type { HistoryRevision, MigrationTool } from '../migrations/tool.ts';
import { fault } from '../domain/failures.ts';
import { found, lacking, type Findings } from './findings.ts';
import type { SeenImage } from './images.ts';

/** The image that downgrades: it must hold the revision of the database, so the older release will not do. */
export interface MigrationImage {
  image: string;
  history: HistoryRevision[];
}

interface Wanted {
  tool: Pick<MigrationTool, 'title'>;
  /** The revision from which the downgrade starts. */
  holds: string;
  /** The database's revisions as SQL shows them. */
  current: string[];
  /** The environment variable, or file, from which the migrations read the database URL. */
  env: string;
}

/**
 * Chooses the first image that holds a revision, and proves that its migrations reach the very database that the
 * definition's URL leads to.
 */
export function migrationImage(
  images: SeenImage[],
  { tool, holds, current, env }: Wanted,
): Findings<MigrationImage> {
  const fitting = images.find(({ inspection }) =>
    inspection?.history.some(({ revision }) => revision === holds),
  );
  if (fitting?.inspection === undefined) {
    const type = images.find(({ problem }) => problem !== undefined)?.problem?.type ?? 'MigrationToolMissing';
    const said = images.map((each) => `${each.image}: ${whatItHolds(each)}`);
    const text = [
      `No image with ${tool.title} holds the revision ${holds}, at which the database is.`,
      ...said,
    ];
    return lacking([fault(type, text.join('\n'))]);
  }
  const { image, inspection } = fitting;
  const it = { image, history: inspection.history };
  if (inspection.currentError !== undefined) {
    const text = `${tool.title} in ${image} does not reach the database by ${env}: ${inspection.currentError}`;
    return found(it, { faults: [fault('MigrationsBroken', text)] });
  }
  if (inspection.current?.toSorted().join() === current.toSorted().join()) return found(it);
  const there = revisionText(inspection.current ?? []);
  const text = `${tool.title} in ${image} finds its database at ${there}, but the one of the definition is at ${revisionText(current)}: they are not the same, or the version table is another one (migrations in the definition).`;
  return found(it, { faults: [fault('DatabaseInvalid', text)] });
}

function whatItHolds({ inspection, problem }: SeenImage): string {
  if (problem !== undefined) return problem.message;
  const heads = inspection?.heads.join(', ') ?? '';
  return heads === '' ? 'it holds no migration' : `its newest revision is ${heads}`;
}
