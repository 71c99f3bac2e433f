import { linesOfFailedJobs } from '../kubernetes/failed-jobs.ts';
import { decide, type Diagnosis, type Sign } from '../domain/diagnosis.ts';
import { signsOfLines } from '../domain/log-signs.ts';
import { redact, truncate } from '../domain/redact.ts';
import { signsOfApplication } from './diagnosis/application.ts';
import { signsOfDatabase, type Known as KnownOfDatabase } from './diagnosis/database.ts';
import { BoundedProbes } from './diagnosis/bounded-probes.ts';
import { signsOfRelease, signsOfStamp } from './diagnosis/migration.ts';
import type { SeenImage } from './images.ts';
import { fit, type SeenPods } from './pods.ts';
import type { ProbeContext } from './context.ts';

/** What `assess` knows by then. */
export interface Known extends KnownOfDatabase {
  pods: readonly SeenPods[];
  images: readonly SeenImage[];
}

/** Error lines read of failed Jobs. */
const mostLines = 40;
const mostNotSeen = 10;

/**
 * Looks for the symptoms of the runbook's "When to Rollback" and its three scenarios, and says what they say:
 * roll back, fix forward or unsure. Reads only, within `diagnosis.within`, and never fails: what could not be
 * looked at is named.
 */
export async function diagnose(context: ProbeContext, known: Known): Promise<Diagnosis> {
  const { service } = context;
  const { moved } = known;
  const probes = new BoundedProbes(service.diagnosis.within, context.signal);
  const [ofCluster, database] = await Promise.all([
    signsOfCluster(context, known, probes),
    probes.at('the database', () => signsOfDatabase(context, known, probes)),
  ]);
  const failed = ofCluster.some(
    ({ symptom }) => symptom === 'release-ahead' || symptom === 'migration-failed',
  );
  const ofStamp = database?.stamp ? signsOfStamp(database.stamp, { from: moved.from, failed }) : [];
  const signs = [...ofCluster, ...(database?.signs ?? []), ...ofStamp].map((sign) => ({
    ...sign,
    evidence: truncate(redact(sign.evidence), 400),
  }));
  return {
    ...decide(signs, { salvaged: service.salvage.use === 'auto' }),
    estimated: database?.estimated ?? { losses: [], unknown: [] },
    notSeen: probes.notSeen.slice(0, mostNotSeen).map((line) => truncate(redact(line), 200)),
  };
}

async function signsOfCluster(
  { cluster, service, tool }: ProbeContext,
  { images, moved, pods }: Known,
  probes: BoundedProbes,
): Promise<Sign[]> {
  const { namespace, migrations } = service;
  const migrates = pods.find(({ workload }) => workload.definition.deployment === migrations.workload);
  const [application, ofJobs] = await Promise.all([
    probes.at('the application', () => signsOfApplication(cluster, namespace, pods)),
    probes.at('failed Jobs', () =>
      linesOfFailedJobs(cluster, namespace, { most: mostLines, also: tool.failedLine }),
    ),
  ]);
  const lines = [...(ofJobs ?? []).map(fit), ...pods.flatMap((each) => each.lines)];
  return [
    ...(migrates === undefined ? [] : signsOfRelease(migrates.workload.image, images, moved.from)),
    ...(application ?? []),
    ...signsOfLines(lines, tool.failedLine),
  ];
}
