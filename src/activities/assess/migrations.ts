import type { HistoryRevision } from '../../migrations/alembic/target.ts';
import type { Faults } from './faults.ts';
import type { SeenImage } from './images.ts';

/** The image that downgrades: it must hold the revision of the database, so the older release will not do. */
export interface MigrationImage {
  image: string;
  history: HistoryRevision[];
}

/**
 * Chooses the first image that holds a revision, and proves that its env.py reaches the very database that
 * the definition's URL leads to.
 *
 * @param holds the revision from which the downgrade starts
 * @param current the database's revisions as SQL shows them
 */
export function migrationImage(
  images: SeenImage[],
  { holds, current, env }: { holds: string; current: string[]; env: string },
  faults: Faults,
): MigrationImage | undefined {
  const fitting = images.find(({ inspection }) =>
    inspection?.history.some(({ revision }) => revision === holds),
  );
  if (fitting?.inspection === undefined) {
    const type = images.find(({ problem }) => problem !== undefined)?.problem?.type ?? 'AlembicMissing';
    const said = images.map((each) => `${each.image}: ${whatItHolds(each)}`);
    faults.add(
      type,
      [`No image with Alembic holds the revision ${holds}, at which the database is.`, ...said].join('\n'),
    );
    return undefined;
  }
  const { image, inspection } = fitting;
  if (inspection.currentError !== undefined) {
    faults.add(
      'AlembicBroken',
      `env.py of ${image} does not reach the database by ${env}: ${inspection.currentError}`,
    );
  } else if (inspection.current?.toSorted().join() !== current.toSorted().join()) {
    const there = inspection.current?.join(', ') || 'base';
    const words = `env.py of ${image} finds its database at ${there}, but the one of the definition is at ${current.join(', ') || 'base'}`;
    faults.add(
      'DatabaseInvalid',
      `${words}: they are not the same, or the version table is another one (migrations.versionTable).`,
    );
  }
  return { image, history: inspection.history };
}

function whatItHolds({ inspection, problem }: SeenImage): string {
  if (problem !== undefined) return problem.message;
  const heads = inspection?.heads.join(', ') ?? '';
  return heads === '' ? 'it holds no migration' : `its newest revision is ${heads}`;
}
