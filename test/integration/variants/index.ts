import { fileURLToPath } from 'node:url';

import { release, workdir } from '../../../examples/deeptech-radar/images.ts';
import type { CronJobChange } from '../../../examples/deeptech-radar/manifests.ts';
import type { Recipe } from '../../../lab/image.ts';

/** Releases of DeepTech Radar that go wrong in ways of their own: for `images` of `install`. */

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** New release: the downgrade of 0005 also deletes rows of `papers`. */
export const downgradeDeletesPapers: Recipe = release(2, {
  '0005_add_scoring_fields.py': here('0005_downgrade_deletes_papers.py'),
});

/** New release with the heads 0005 and 0005b; `migrateBadly` needs `{ target: 'heads' }`. */
export const severalHeads: Recipe = release(2, { '0005b_add_bookmarks.py': here('0005b_add_bookmarks.py') });

/** Old release that answers /health with 500 at 0004 too; `install` needs `awaitReady: false`. */
export const oldReleaseUnwell: Recipe = withFile(release(1), 'radar/release.py', here('unwell_release.py'));

/** New release without Alembic, so that it cannot migrate: for `installBroken`. */
export const withoutAlembic: Recipe = {
  ...release(2),
  python: (release(2).python ?? []).filter((requirement) => !/^(alembic|sqlalchemy)\b/i.test(requirement)),
};

/** A CronJob whose every run fails, whichever release runs it: for `cronJobs` of `install`. */
export const failingRun: CronJobChange = {
  command: ['sh', '-c', 'echo "upstream answered 503" >&2; exit 1'],
};

function withFile(recipe: Recipe, path: string, file: string): Recipe {
  return { ...recipe, files: { ...recipe.files, [`${workdir}/${path}`]: file } };
}
