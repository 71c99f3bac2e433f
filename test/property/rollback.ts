import type { Dependencies } from '../../src/activities/context.ts';
import { readRecord } from '../../src/kubernetes/records.ts';
import { withClient, type Client } from '../../src/postgres/connect.ts';
import { fingerprint } from '../../src/postgres/fingerprint.ts';
import type { RollbackPlan } from '../../src/domain/plan/plan.ts';
import type { Life } from './faults.ts';
import type { History } from './history.ts';
import type { Place } from './migrations.ts';
import type { Case } from './model.ts';
import { allRows, behind } from './rows.ts';

/** A rollback of one database by the activities themselves, with a record, on a fake cluster. */
export interface Rollback extends Place {
  it: Case;
  name: string;
  history: History;
  dependencies: Dependencies;
  plan: RollbackPlan;
  life: Life;
  /** A worker that dies takes its workflow along. */
  forGood: boolean;
  /** Programs of which the one to be broken has run, so that the next goes well. */
  unbroken: Set<string>;
  /** What ended badly on the way, as it was meant to. */
  failed: string[];
  /** What the database held when its last writer was gone. */
  before: { rows: Awaited<ReturnType<typeof allRows>>; behind: string[]; whole: Record<string, string> };
}

export const asAdmin = <T>(
  { surroundings, plan: { operation } }: Rollback,
  use: (admin: Client) => Promise<T>,
) => withClient(surroundings.adminUrl, { operation }, use);

export const on = <T>(
  { surroundings, plan }: Rollback,
  database: string,
  use: (client: Client) => Promise<T>,
) => withClient(surroundings.url(database), { operation: plan.operation }, use);

/** Looks as a person would who stopped here. */
export const look = (of: Rollback, database: string): Promise<Rollback['before']> =>
  on(of, database, async (client) => ({
    rows: await allRows(client),
    behind: await behind(client),
    whole: (await fingerprint(client)).parts,
  }));

export const recordOf = async ({ dependencies, plan }: Rollback) =>
  (await readRecord(dependencies.cluster, dependencies.recordsNamespace, plan.database)).record;
