import type { Pause } from '../../domain/plan/pauses.ts';
import type { OperationRequest, Plan, RollbackPlan } from '../../domain/plan/plan.ts';
import type { Recovery } from '../../domain/plan/point-in-time.ts';
import { base, revisionText } from '../../domain/plan/revision.ts';
import type { OperationRecord } from '../../domain/record.ts';
import { lookAtCluster, type ClusterFacts } from '../../probes/cluster.ts';
import { lookAtDatabase, type DatabaseFacts } from '../../probes/database.ts';
import { earlierToRestore } from '../../probes/earlier.ts';
import { found, lacking, looking, probeOf, type Findings, type Probes } from '../../probes/findings.ts';
import { askImages, type SeenImage } from '../../probes/images.ts';
import { proveThatPeopleCan } from '../../probes/people.ts';
import { planPauses } from '../../probes/pauses.ts';
import type { ProbeContext } from '../../probes/context.ts';
import { describeInstance, planRecovery, type DescribedInstance } from '../../probes/recovery-time.ts';
import { planReleases, type PlannedReleases } from '../../probes/releases.ts';
import { lookAtServer, type ServerFacts } from '../../probes/server.ts';
import { proveFits } from '../../probes/source-fits.ts';
import { findSource, type FoundSource } from '../../probes/source.ts';
import { aim, begin, type Beginning, type Target, type Wanted } from '../../probes/target.ts';
import { fault } from '../../domain/failures.ts';

/** What is looked at for every kind of operation. */
export interface Facts {
  server: ServerFacts;
  database: DatabaseFacts;
  /** Of an operation that is taken up. */
  before: { record?: OperationRecord };
  cluster: ClusterFacts;
  people: true;
  jobImage: string;
  pauses: Pause[];
  images: SeenImage[];
  target: Target;
  releases: PlannedReleases;
}

interface MoveFacts extends Facts {
  before: Beginning;
}
interface EmergencyFacts extends Facts {
  source: FoundSource;
  fits: true;
}
interface RecoveryFacts extends MoveFacts {
  instance: DescribedInstance;
  recovery: Recovery;
}

/** What every plan has. */
export type Pinned = Omit<RollbackPlan, 'kind' | 'request' | 'people'>;

/** How `assess` treats one kind of operation: what is probed, in the order in which it is told, and the plan. */
export interface Kind<A extends OperationRequest, F extends Facts> {
  probes: (input: A) => Probes<F, ProbeContext>;
  /** Whether the runbook's "When to Rollback" is asked, and the code of the downgrades is shown. */
  diagnosed: boolean;
  plan: (pinned: Pinned, input: A, facts: F) => Plan;
}

const probe = probeOf<Facts, ProbeContext>();

/** Probed alike for every kind. */
const common = {
  server: probe([], lookAtServer),
  cluster: probe([], lookAtCluster),
  people: probe([], ({ gatewayKeys, service }) => proveThatPeopleCan(gatewayKeys, service.approvals)),
  jobImage: probe([], ({ jobImage }): Findings<string> => {
    const text = 'No image for backups: name backup.image, or set BACKSTEP_JOB_IMAGE of the worker.';
    return jobImage === undefined ? lacking([fault('InvalidDefinition', text)]) : found(jobImage);
  }),
  pauses: probe(['before', 'cluster', 'server'], (context, { cluster, server }) =>
    planPauses(context, cluster, server),
  ),
  images: probe(['before', 'cluster', 'server'], async (context, { cluster, server }) =>
    found(await askImages(context, cluster.workloads, server)),
  ),
  releases: probe(['before', 'cluster', 'images', 'target'], ({ tool }, known) => {
    const { before, cluster, images, target } = known;
    return planReleases(cluster, { tool, images, target: target.target, record: before.record });
  }),
};

function probesOfMove(wanted: Wanted) {
  const move = probeOf<MoveFacts, ProbeContext>();
  const { server, cluster, people, jobImage, pauses, images, releases } = common;
  return {
    server,
    database: move(['server'], (context, known) => lookAtDatabase(context, known.server)),
    before: move(['server', 'database'], (context, known) => begin(context, known, wanted)),
    cluster,
    people,
    jobImage,
    pauses,
    images,
    target: move(['before', 'database', 'images'], (context, known) => aim(context, known, wanted)),
    releases,
  };
}

const peopleOfMove = ({ target, service: { approvals } }: Pinned): number =>
  (target === base ? approvals.base : approvals.downgrade).people;

type RequestOf<K extends OperationRequest['kind']> = Extract<OperationRequest, { kind: K }>;

export const rollback: Kind<RequestOf<'rollback'>, MoveFacts> = {
  probes: ({ kind, request }) => probesOfMove({ kind, request, mayStay: false }),
  diagnosed: true,
  plan: (pinned, { kind, request }) => ({ ...pinned, kind, request, people: peopleOfMove(pinned) }),
};

/** The revision may stay as it is, and an unfinished operation of another kind is not taken up. */
export const pointInTimeRestore: Kind<RequestOf<'point-in-time-restore'>, RecoveryFacts> = {
  probes: ({ kind, request }) => {
    const recoveryProbe = probeOf<RecoveryFacts, ProbeContext>();
    return {
      ...probesOfMove({ request, kind, mayStay: true }),
      instance: recoveryProbe([], (context) => looking(() => describeInstance(context))),
      recovery: recoveryProbe(['before', 'instance', 'server', 'target'], (context, known) => {
        const { before, instance: source, server: facts, target: moving } = known;
        const of = { record: before.record, given: request.to };
        return looking(() => planRecovery(context, { source, facts, moving }, of));
      }),
    };
  },
  diagnosed: true,
  plan: (pinned, { kind, request }, { recovery }) => ({
    ...pinned,
    kind,
    request,
    people: peopleOfMove(pinned),
    recovery,
  }),
};

/** The database may miss tables, or hold any revision: that is what it is restored for. */
export const emergencyRestore: Kind<RequestOf<'emergency-restore'>, EmergencyFacts> = {
  probes: ({ request }) => {
    const restore = probeOf<EmergencyFacts, ProbeContext>();
    const { server, jobImage, cluster, people, pauses, images, releases } = common;
    return {
      server,
      database: restore(['server'], (context, known) =>
        lookAtDatabase(context, known.server, { mayMiss: true }),
      ),
      before: restore(['server', 'database'], ({ operation }, known) =>
        earlierToRestore(operation, { ...known.server, revisions: known.database.revisions }),
      ),
      jobImage,
      source: restore(['server', 'before', 'jobImage'], (context, known) =>
        looking(() => findSource(context, known.server, request.from)),
      ),
      fits: restore(['server', 'source'], (context, known) => proveFits(context, known.source, known.server)),
      cluster,
      people,
      pauses,
      images,
      target: restore(['cluster', 'database', 'images', 'source'], (_, known) => restoredTo(known)),
      releases,
    };
  },
  diagnosed: false,
  plan: (pinned, { kind, request }, { source: { source } }) => ({
    ...pinned,
    kind,
    request,
    people: pinned.service.approvals.restore.people,
    source,
  }),
};

/** The release that fits is the one whose image needs the revision in what is restored (runbook, Step 6). */
function restoredTo(
  known: Pick<EmergencyFacts, 'cluster' | 'database' | 'images' | 'source'>,
): Findings<Target> {
  const target = known.source.source.revision;
  const holds = known.images.find(({ inspection }) =>
    inspection?.history.some(({ revision }) => revision === target),
  );
  return found({
    from: revisionText(known.database.revisions),
    target,
    reverts: [],
    migrationImage: holds?.image ?? known.cluster.workloads[0]?.image ?? '',
  });
}
