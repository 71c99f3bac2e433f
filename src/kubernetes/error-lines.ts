import type { V1Pod } from '@kubernetes/client-node';
import type { Cluster } from './cluster.ts';
import { readLog } from './pod-log.ts';
import { nameOf } from './pods.ts';

/** Words of levels and of Python's names for errors (`ProgrammingError`, `psycopg.errors.UndefinedColumn`). */
const errorLike =
  /(error|exception)\b|\b(fatal|traceback|critical|panic|failed)\b|\b(psycopg2?|sqlalchemy|asyncpg)\.\w*(err|exc)/i;
const read = { tailLines: 300, limitBytes: 256 * 1024 };

/**
 * The last error lines in the logs of pods ("Document current state" in the runbook), as
 * `pod: line`; of a container that crashed, the log of its previous run too, and where
 * an init container fails, its log. Not redacted.
 *
 * @param also what is an error line besides, such as what a migration tool says
 */
export async function errorLines(
  cluster: Cluster,
  pods: readonly V1Pod[],
  { most = 20, also }: { most?: number; also?: RegExp } = {},
): Promise<string[]> {
  const lines = await Promise.all(pods.map((pod) => linesOf(cluster, pod, most)));
  return lines.flatMap((found, index) => {
    const alike = found
      .filter((line) => errorLike.test(line) || also?.test(line) === true)
      .slice(-Math.ceil(most / pods.length));
    return alike.map((line) => `${nameOf(pods[index] ?? {})}: ${line}`);
  });
}

/** The last lines of pods, whatever they say, as `pod: line`. Not redacted. */
export async function lastLines(cluster: Cluster, pods: readonly V1Pod[], most = 10): Promise<string[]> {
  const lines = await Promise.all(pods.map((pod) => linesOf(cluster, pod, most)));
  return lines.flatMap((found, index) =>
    found.slice(-most).map((line) => `${nameOf(pods[index] ?? {})}: ${line}`),
  );
}

async function linesOf(cluster: Cluster, pod: V1Pod, atLeast: number): Promise<string[]> {
  const container = failedInit(pod) ?? pod.spec?.containers[0]?.name;
  if (container === undefined) return [];
  const source = { namespace: pod.metadata?.namespace ?? '', pod: nameOf(pod), container };
  const now = split(await readLog(cluster, source, read));
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const restarted = statuses.some(({ name, restartCount }) => name === container && restartCount > 0);
  if (now.length >= atLeast || !restarted) return now;
  return [...split(await readLog(cluster, source, { ...read, previous: true })), ...now];
}

/** The init container that keeps a pod from starting: often the one that migrates. */
const failedInit = ({ status }: V1Pod): string | undefined =>
  status?.initContainerStatuses?.find(({ state, lastState }) => {
    if (state?.terminated?.exitCode === 0) return false;
    return (state?.terminated ?? lastState?.terminated)?.exitCode !== undefined;
  })?.name;

const split = (text: string | undefined) => (text ?? '').split('\n').filter((line) => line.trim() !== '');
