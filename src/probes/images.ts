import type { V1PodTemplateSpec } from '@kubernetes/client-node';
import type { Inspection, MigrationTool } from '../migrations/tool.ts';
import { deleteJob } from '../kubernetes/jobs.ts';
import { migratingInits } from '../kubernetes/migrating-jobs.ts';
import { deleteSecret } from '../kubernetes/secrets.ts';
import { Failure, type FailureType } from '../domain/failures.ts';
import { jobName } from '../domain/names.ts';
import type { ServiceDefinition } from '../domain/definition/service.ts';
import { defined } from '../domain/defined.ts';
import type { ProbeContext } from './context.ts';
import type { SeenWorkload } from './cluster.ts';
import type { ServerFacts } from './server.ts';

/** An image that may hold the migrations, and what it said. */
export interface SeenImage {
  image: string;
  /** Workload whose release it is, or for which the definition names it. */
  workload: string;
  inspection?: Inspection;
  problem?: { type: FailureType; message: string };
}

interface Candidate {
  image: string;
  workload: string;
  template: V1PodTemplateSpec;
  container: string | undefined;
}

/** Releases that are asked, for each workload: the newest. */
const atMost = 4;
/** Pulling a large image included; seconds. */
const inspectWithin = 300;

/**
 * Images that are worth a question, each once: those that the definition names, then the releases of the
 * workload that migrates, newest first, then those of the others.
 */
export function candidatesOf(
  tool: Pick<MigrationTool, 'runsIn'>,
  service: ServiceDefinition,
  workloads: SeenWorkload[],
): Candidate[] {
  const { migrations } = service;
  const first = (seen: SeenWorkload) => (seen.definition.deployment === migrations.workload ? 0 : 1);
  const listed = workloads
    .toSorted((a, b) => first(a) - first(b))
    .flatMap((seen) => {
      const workload = seen.definition.deployment;
      const { container, deployment } = seen;
      const template = deployment.spec?.template ?? {};
      const named = [first(seen) === 0 ? migrations.image : undefined, seen.definition.image]
        .filter((image) => image !== undefined)
        .map((image) => ({ image, workload, template, container }));
      const released = [
        { image: seen.image, workload, template, container },
        ...seen.releases.map((release) => ({
          image: imageIn(release.images, release.template, container),
          workload,
          template: release.template,
          container,
        })),
      ];
      // An init container that migrates may have an image of its own.
      const inits = [deployment.spec?.template, ...seen.releases.map((release) => release.template)]
        .flatMap((each) => migratingInits(each?.spec, tool))
        .map((init) => ({ image: init.image ?? '', workload, template, container }));
      return [...named, ...distinct(released).slice(0, atMost), ...distinct(inits).slice(0, atMost)];
    });
  return distinct(listed);
}

const distinct = (candidates: Candidate[]): Candidate[] =>
  candidates.filter(
    ({ image }, at) => image !== '' && candidates.findIndex((each) => each.image === image) === at,
  );

/** Image of a release in the container that counts. */
export function imageIn(
  images: Record<string, string>,
  template: V1PodTemplateSpec,
  container: string | undefined,
): string {
  return images[container ?? template.spec?.containers[0]?.name ?? ''] ?? '';
}

/**
 * Asks the images, each in a Job beside the others, for their history and for the revision at which they find
 * the database. The Jobs, and the Secret where one is needed, are removed again.
 *
 * @param now name of the database; where it is fenced off, the application's own URL does not lead there
 */
export async function askImages(
  context: ProbeContext,
  workloads: SeenWorkload[],
  { name, now }: Pick<ServerFacts, 'name' | 'now'>,
): Promise<SeenImage[]> {
  const { cluster, service, operation, tool, signal } = context;
  const { namespace } = service;
  context.progress({ doing: 'asking the images for their migrations' });
  const databaseSecret = now === name ? undefined : await context.inspectSecret(now);
  const ask = async (candidate: Candidate, at: number): Promise<SeenImage> => {
    const { image, workload } = candidate;
    const job = jobName(operation, 'assess', 1, String(at + 1));
    const inspect = {
      ...candidate,
      name: job,
      operation,
      step: 'assess',
      deadlineSeconds: inspectWithin,
      ...defined({ databaseSecret }),
    };
    try {
      const inspection = await tool.inspect(cluster, inspect, { current: true, signal });
      return { image, workload, inspection };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { image, workload, problem: { type: error.type, message: error.message } };
    } finally {
      await deleteJob(cluster, namespace, job);
    }
  };
  try {
    return await Promise.all(candidatesOf(tool, service, workloads).map(ask));
  } finally {
    if (databaseSecret !== undefined) await deleteSecret(cluster, namespace, databaseSecret);
  }
}

/** The revision that an image needs: its only head; undefined where that is not known. */
export function neededBy(image: string, images: readonly SeenImage[]): string | undefined {
  const heads = images.find((each) => each.image === image)?.inspection?.heads;
  return heads?.length === 1 ? heads[0] : undefined;
}
