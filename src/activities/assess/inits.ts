import { migratingInits } from '../../kubernetes/migrating-jobs.ts';
import type { PlannedRelease } from '../../domain/plan/plan.ts';
import type { MigrationTool } from '../../migrations/tool.ts';
import type { SeenWorkload } from './cluster.ts';
import type { Faults } from './faults.ts';

/**
 * Says what init containers that run the migration tool will do when the pods start again. In an image that needs exactly the
 * target they find nothing to do. Any other one would upgrade the database again, or could not find its
 * revision, so that no pod ever starts: refused. One whose image could not be asked is named; `start-app` looks
 * at the revision afterwards.
 *
 * @param needs the revision that an image needs, where that is known
 */
export function proveInits(
  { definition, deployment, releases }: SeenWorkload,
  release: PlannedRelease | undefined,
  {
    tool,
    target,
    needs,
    faults,
    notes,
  }: {
    tool: Pick<MigrationTool, 'title' | 'runsIn'>;
    target: string;
    needs: (image: string) => string | undefined;
    faults: Faults;
    notes: string[];
  },
): void {
  if (release === undefined) return;
  // Without a release that is kept, only the container's own image changes; its init containers stay.
  const kept = releases.find(({ replicaSet }) => replicaSet === release.replicaSet);
  const template = kept?.template ?? deployment.spec?.template;
  for (const { name, image = '' } of migratingInits(template?.spec, tool)) {
    const what = `Init container ${name} of Deployment ${definition.deployment}`;
    const needed = needs(image);
    if (needed === target) {
      notes.push(
        `${what} runs ${tool.title} in ${image}, whose newest revision is ${target}: after the rollback it finds nothing to do.`,
      );
    } else if (needed === undefined) {
      notes.push(
        `${what} runs ${tool.title} in ${image}, whose newest revision is not known: it may migrate again. After the start the revision is looked at.`,
      );
    } else {
      faults.add(
        'NoFittingImage',
        `${what} would run ${tool.title} in ${image}, which needs ${needed}, not ${target}: it would migrate again, or keep every pod from starting. Roll back to a release that is kept (workloads.toRevision), or change its image.`,
      );
    }
  }
}
