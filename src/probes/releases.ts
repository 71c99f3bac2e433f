import { defined } from '../domain/defined.ts';
import { fault, type Fault } from '../domain/failures.ts';
import type { PlannedCronJob, PlannedRelease, PlannedWorkload } from '../domain/plan/plan.ts';
import type { OperationRecord } from '../domain/record.ts';
import { migratingInits } from '../kubernetes/migrating-jobs.ts';
import type { MigrationTool } from '../migrations/tool.ts';
import type { ClusterFacts, SeenCronJob, SeenWorkload } from './cluster.ts';
import { allOf, faultIf, found, lacking, faultsAndNotes, type Findings } from './findings.ts';
import { imageIn, neededBy, type SeenImage } from './images.ts';

interface Choice {
  tool: Pick<MigrationTool, 'title' | 'runsIn'>;
  images: readonly SeenImage[];
  target: string;
  /** Of an unfinished operation, which may have rolled the images back already. */
  record?: OperationRecord | undefined;
}

/** The releases to which workloads and CronJobs go back (runbook, Step 6). */
export interface PlannedReleases {
  workloads: PlannedWorkload[];
  cronJobs: PlannedCronJob[];
}

export function planReleases(
  { workloads, cronJobs }: ClusterFacts,
  choice: Choice,
): Findings<PlannedReleases> {
  const planned = allOf(workloads.map((seen) => planWorkload(seen, choice)));
  const scheduled = allOf(cronJobs.map((seen) => planCronJob(seen, planned.facts, choice)));
  return found({ workloads: planned.facts, cronJobs: scheduled.facts }, faultsAndNotes([planned, scheduled]));
}

/**
 * Pins the release to which a workload goes back: the newest whose image needs exactly the target revision,
 * or the one that the definition names. Without one, `roll-back-app` will hold.
 */
export function planWorkload(seen: SeenWorkload, choice: Choice): Findings<PlannedWorkload> {
  const { definition, replicas } = seen;
  const { deployment } = definition;
  const release = releaseOf(seen, choice);
  const rollBackTo = release.facts;
  const inits = initsOf(seen, rollBackTo, choice);
  const before = choice.record?.stopped.workloads.find((each) => each.deployment === deployment);
  const none = `No release of Deployment ${deployment} needs exactly ${choice.target}: after the downgrade this will have to be decided, or name its image in the definition.`;
  const { faults, notes } = faultsAndNotes([release, inits]);
  return found(
    {
      deployment,
      found: { replicas, image: before?.image ?? seen.image },
      wanted: { replicas: definition.replicas },
      ...defined({ rollBackTo }),
    },
    { faults, notes: rollBackTo === undefined ? [...notes, none] : notes },
  );
}

function releaseOf(seen: SeenWorkload, { images, target }: Choice): Findings<PlannedRelease> {
  const { definition, releases, container } = seen;
  const imageOf = (release: (typeof releases)[number]) =>
    imageIn(release.images, release.template, container);
  const planned = (release: (typeof releases)[number], image = imageOf(release)) => ({
    revision: release.revision,
    replicaSet: release.replicaSet,
    image,
  });
  /** What the definition names is taken at its word, unless the migrations in that image contradict. */
  const named = (release: PlannedRelease): Findings<PlannedRelease> => {
    const needed = neededBy(release.image, images);
    const text = `Image ${release.image}, to which ${definition.deployment} should go back, needs ${needed}, not ${target}.`;
    const faults = faultIf(needed !== undefined && needed !== target, 'NoFittingImage', text);
    return found(release, { faults });
  };
  if (definition.toRevision !== undefined) {
    const kept = releases.find(({ revision }) => revision === definition.toRevision);
    if (kept !== undefined) return named(planned(kept, definition.image));
    const there = releases.map(({ revision }) => revision).join(', ');
    const text = `Deployment ${definition.deployment} keeps no revision ${definition.toRevision} (toRevision); it keeps: ${there}.`;
    return lacking([fault('WorkloadMissing', text)]);
  }
  if (definition.image !== undefined) {
    const kept = releases.find((release) => imageOf(release) === definition.image);
    return named(kept === undefined ? { image: definition.image } : planned(kept));
  }
  const fitting = releases.find((release) => neededBy(imageOf(release), images) === target);
  return fitting === undefined ? lacking([]) : found(planned(fitting));
}

/**
 * Says what init containers that run the migration tool will do when the pods start again. In an image that needs
 * exactly the target they find nothing to do. Any other one would upgrade the database again, or could not find its
 * revision, so that no pod ever starts: refused. One whose image could not be asked is named; `start-app` looks
 * at the revision afterwards.
 */
function initsOf(
  { definition, deployment, releases }: SeenWorkload,
  release: PlannedRelease | undefined,
  { tool, target, images }: Choice,
): Findings<true> {
  const faults: Fault[] = [];
  const notes: string[] = [];
  if (release === undefined) return found(true);
  // Without a release that is kept, only the container's own image changes; its init containers stay.
  const kept = releases.find(({ replicaSet }) => replicaSet === release.replicaSet);
  const template = kept?.template ?? deployment.spec?.template;
  for (const { name, image = '' } of migratingInits(template?.spec, tool)) {
    const what = `Init container ${name} of Deployment ${definition.deployment}`;
    const needed = neededBy(image, images);
    if (needed === target)
      notes.push(
        `${what} runs ${tool.title} in ${image}, whose newest revision is ${target}: after the rollback it finds nothing to do.`,
      );
    else if (needed === undefined)
      notes.push(
        `${what} runs ${tool.title} in ${image}, whose newest revision is not known: it may migrate again. After the start the revision is looked at.`,
      );
    else {
      const text = `${what} would run ${tool.title} in ${image}, which needs ${needed}, not ${target}: it would migrate again, or keep every pod from starting. Roll back to a release that is kept (workloads.toRevision), or change its image.`;
      faults.push(fault('NoFittingImage', text));
    }
  }
  return found(true, { faults, notes });
}

/**
 * Pins the image of a CronJob: the definition's, or the one of the workload with which it shares its image,
 * for CronJobs keep no history. Without one it stays suspended.
 */
export function planCronJob(
  { definition, suspended, image }: SeenCronJob,
  workloads: readonly PlannedWorkload[],
  { record }: Pick<Choice, 'record'>,
): Findings<PlannedCronJob> {
  const { name } = definition;
  const before = record?.stopped.cronJobs.find((each) => each.name === name);
  const like = workloads.find(
    (workload) => workload.found.image === image || workload.rollBackTo?.image === image,
  );
  const older = definition.image ?? like?.rollBackTo?.image;
  const none = `No image fits CronJob ${name}: it will stay suspended. Name one in the definition.`;
  return found(
    {
      name,
      found: { suspended, image: before?.image ?? image },
      wanted: { suspended: definition.suspended },
      ...defined({ rollBackTo: older === undefined ? undefined : { image: older } }),
    },
    { notes: older === undefined ? [none] : [] },
  );
}
