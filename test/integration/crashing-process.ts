import { Client } from 'pg';
import type { Dependencies } from '../../src/activities/context.ts';
import type { Cluster } from '../../src/kubernetes/cluster.ts';

export interface CrashingProcess {
  dependencies: Dependencies;
  /** The change after which it died; undefined as long as it lives. */
  last: () => string | undefined;
  /** Lets the clients of PostgreSQL live again. */
  over: () => void;
}

const changesObject = /^(create|patch|replace|delete)/;
const changesDatabase = /^(ALTER|CREATE|DROP|GRANT|REVOKE|INSERT|UPDATE|DELETE|COMMIT)\b/i;

/**
 * The world as a process sees it that dies right after its k-th change of an object in the cluster or of something
 * in PostgreSQL: nothing is answered any more, and what its sessions have not committed is undone.
 */
export function crashingAfter(
  k: number,
  { cluster, ...dependencies }: Dependencies,
  die: () => void,
): CrashingProcess {
  let changes = 0;
  let last: string | undefined;
  const tried = async <T>(change: string | undefined, activity: () => Promise<T>): Promise<T> => {
    if (last !== undefined) throw new Error('killed');
    const answer = await activity();
    if (last !== undefined) throw new Error('killed');
    if (change === undefined) return answer;
    changes += 1;
    if (changes < k) return answer;
    last = change;
    die();
    throw new Error('killed');
  };
  const crashing = <T extends object>(api: T): T =>
    new Proxy(api, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        const change = changesObject.test(String(name)) ? String(name) : undefined;
        return (...args: unknown[]) =>
          tried(change, () => (value as (...all: unknown[]) => Promise<unknown>).apply(target, args));
      },
    });
  const query = Reflect.get(Client.prototype, 'query') as (...all: unknown[]) => Promise<unknown>;
  Reflect.set(Client.prototype, 'query', function (this: Client, ...args: unknown[]) {
    const text = String(args[0]).trim();
    const change = changesDatabase.test(text) ? text.replaceAll(/"(?:""|[^"])*"/g, '…') : undefined;
    return tried(change, () => query.apply(this, args));
  });
  const { core, apps, batch, custom } = cluster;
  const as: Cluster = {
    ...cluster,
    core: crashing(core),
    apps: crashing(apps),
    batch: crashing(batch),
    custom: crashing(custom),
  };
  const over = () => {
    Reflect.set(Client.prototype, 'query', query);
  };
  return { dependencies: { ...dependencies, cluster: as }, last: () => last, over };
}
