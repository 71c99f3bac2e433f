import type { PlannedCronJob, PlannedRelease, PlannedWorkload } from '../../domain/plan/plan.ts';
import type { OperationRecord } from '../../domain/record.ts';
import type { MigrationTool } from '../../migrations/tool.ts';
import type { SeenCronJob, SeenWorkload } from './cluster.ts';
import type { Faults } from './faults.ts';
import { imageIn, type SeenImage } from './images.ts';
import { proveInits } from './inits.ts';

interface Choice {
  tool: MigrationTool;
  images: SeenImage[];
  target: string;
  /** Of an unfinished operation, which may have rolled the images back already. */
  record: OperationRecord | undefined;
  faults: Faults;
  notes: string[];
}

/**
 * Pins the release to which a workload goes back: the newest whose image needs exactly the target revision,
 * or the one that the definition names (runbook, Step 6). Without one, `roll-back-app` will hold.
 */
export function planWorkload(seen: SeenWorkload, choice: Choice): PlannedWorkload {
  const { definition, replicas } = seen;
  const name = definition.deployment;
  const rollBackTo = releaseOf(seen, choice);
  proveInits(seen, rollBackTo, { ...choice, needs: (image) => needs(image, choice) });
  const before = choice.record?.stopped.workloads.find(({ deployment }) => deployment === name);
  if (rollBackTo === undefined) {
    const words = `No release of Deployment ${name} needs exactly ${choice.target}`;
    choice.notes.push(
      `${words}: after the downgrade this will have to be decided, or name its image in the definition.`,
    );
  }
  return {
    deployment: name,
    found: { replicas, image: before?.image ?? seen.image },
    wanted: { replicas: definition.replicas },
    ...(rollBackTo && { rollBackTo }),
  };
}

function releaseOf(seen: SeenWorkload, choice: Choice): PlannedRelease | undefined {
  const { definition, releases, container } = seen;
  const planned = (
    release: (typeof releases)[number],
    image = imageIn(release.images, release.template, container),
  ) => ({
    revision: release.revision,
    replicaSet: release.replicaSet,
    image,
  });
  if (definition.toRevision !== undefined) {
    const named = releases.find(({ revision }) => revision === definition.toRevision);
    if (named === undefined) {
      const kept = releases.map(({ revision }) => revision).join(', ');
      const words = `Deployment ${definition.deployment} keeps no revision ${definition.toRevision} (toRevision); it keeps: ${kept}.`;
      choice.faults.add('WorkloadMissing', words);
      return undefined;
    }
    const release = planned(named, definition.image);
    proveFits(release.image, definition.deployment, choice);
    return release;
  }
  if (definition.image !== undefined) {
    proveFits(definition.image, definition.deployment, choice);
    const kept = releases.find(
      (release) => imageIn(release.images, release.template, container) === definition.image,
    );
    return kept === undefined ? { image: definition.image } : planned(kept);
  }
  const fitting = releases.find(
    (release) => needs(imageIn(release.images, release.template, container), choice) === choice.target,
  );
  return fitting && planned(fitting);
}

/** What the definition names is taken at its word, unless the migrations in that image contradict. */
function proveFits(image: string, workload: string, choice: Choice): void {
  const { target } = choice;
  const needed = needs(image, choice);
  if (needed !== undefined && needed !== target) {
    choice.faults.add(
      'NoFittingImage',
      `Image ${image}, to which ${workload} should go back, needs ${needed}, not ${target}.`,
    );
  }
}

/** The revision that an image needs: its only head; undefined where that is not known. */
function needs(image: string, { images }: Choice): string | undefined {
  const heads = images.find((each) => each.image === image)?.inspection?.heads;
  return heads?.length === 1 ? heads[0] : undefined;
}

/**
 * Pins the image of a CronJob: the definition's, or the one of the workload with which it shares its image,
 * for CronJobs keep no history. Without one it stays suspended.
 */
export function planCronJob(
  { definition, suspended, image }: SeenCronJob,
  workloads: PlannedWorkload[],
  { record, notes }: Pick<Choice, 'record' | 'notes'>,
): PlannedCronJob {
  const before = record?.stopped.cronJobs.find(({ name }) => name === definition.name);
  const beside = workloads.find(
    ({ found, rollBackTo }) => found.image === image || rollBackTo?.image === image,
  );
  const older = definition.image ?? beside?.rollBackTo?.image;
  if (older === undefined) {
    notes.push(
      `No image fits CronJob ${definition.name}: it will stay suspended. Name one in the definition.`,
    );
  }
  return {
    name: definition.name,
    found: { suspended, image: before?.image ?? image },
    wanted: { suspended: definition.suspended },
    ...(older !== undefined && { rollBackTo: { image: older } }),
  };
}
