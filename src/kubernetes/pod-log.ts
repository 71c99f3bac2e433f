import { kubernetesFailure, statusOf } from './answer.ts';
import type { Cluster } from './cluster.ts';

/** A container of a pod. */
export interface LogSource {
  namespace: string;
  pod: string;
  container: string;
}

/** A log read in passing: `undefined` where there is none yet, or none any more. */
export async function readLog(
  cluster: Cluster,
  { namespace, pod, container }: LogSource,
  options: {
    sinceSeconds?: number;
    tailLines?: number;
    timestamps?: boolean;
    limitBytes?: number;
    previous?: boolean;
  } = {},
): Promise<string | undefined> {
  try {
    const text = await cluster.core.readNamespacedPodLog({ namespace, name: pod, container, ...options });
    return text ?? '';
  } catch (error) {
    // 400: the container waits to start; 404: the pod is gone; 500: the kubelet has lost the file.
    if ([400, 404, 500].includes(statusOf(error) ?? 0)) return undefined;
    throw kubernetesFailure(error, `read the log of pod ${namespace}/${pod}`);
  }
}

/**
 * Follows a log by asking again: a streamed one stalls unnoticed when the connection does. Windows overlap, and
 * the kubelet's timestamps tell which lines were given already.
 */
export class LogFollower {
  #last = '';
  #seenAtLast = 0;
  #readAt: number | undefined;

  constructor(
    private readonly cluster: Cluster,
    private readonly source: LogSource,
    private readonly onLine: (line: string) => void,
  ) {}

  /** Gives every line that is new. `ended`: the container has, so that a last line without a break is whole. */
  async follow(ended: boolean): Promise<void> {
    const now = performance.now();
    const sinceSeconds = this.#readAt === undefined ? undefined : Math.ceil((now - this.#readAt) / 1_000) + 2;
    const text = await readLog(this.cluster, this.source, {
      timestamps: true,
      ...(sinceSeconds !== undefined && { sinceSeconds }),
    });
    if (text === undefined) return;
    this.#readAt = now;
    this.take(text, ended);
  }

  /** Takes lines as the API server gives them with timestamps; those taken before are left out. */
  take(text: string, ended: boolean): void {
    const lines = text.split('\n');
    const rest = lines.pop() ?? '';
    if (ended && rest !== '') lines.push(rest);
    let atLast = 0;
    for (const line of lines) {
      const space = line.indexOf(' ');
      const time = comparable(space === -1 ? line : line.slice(0, space));
      if (time < this.#last) continue;
      if (time === this.#last) {
        atLast += 1;
        if (atLast <= this.#seenAtLast) continue;
      } else {
        this.#last = time;
        atLast = 1;
      }
      this.#seenAtLast = atLast;
      this.onLine(space === -1 ? '' : line.slice(space + 1));
    }
  }
}

/** RFC 3339 in UTC with nine digits of fraction, so that text order is time order. */
function comparable(time: string): string {
  const [, whole = time, fraction = ''] = /^(.*?)(?:\.(\d+))?Z?$/.exec(time) ?? [];
  return `${whole}.${fraction.padEnd(9, '0')}`;
}
