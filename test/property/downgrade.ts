import type { RehearsalFile } from '../../src/activities/rehearse/evidence.ts';
import { againstRehearsal } from '../../src/activities/verify/against-rehearsal.ts';
import { compareSchemas } from '../../src/activities/verify/schema.ts';
import { catalog, counts } from '../../src/postgres/catalog.ts';
import { revisions } from '../../src/postgres/revision.ts';
import { endSessions } from '../../src/postgres/sessions.ts';
import { Failure } from '../../src/runbook/failures.ts';
import type { Plan } from '../../src/runbook/plan.ts';
import { migrate, service, type Interruption } from './migrations.ts';
import { asAdmin, on, type Before, type Rehearsed, type Rollback } from './rollback.ts';

/** @returns the revision at which the database is afterwards, whatever the program said */
export async function downgrade(of: Rollback): Promise<string> {
  const { aside, history } = of;
  const interruption = interruptionOf(of);
  for (const interrupted of interruption === undefined ? [undefined] : [interruption, undefined]) {
    try {
      await migrate(of, aside, history, { interruption: interrupted });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      of.failed.push(`${interrupted === undefined ? 'migration' : of.it.breakage}: ${error.type}`);
      // As after a failed Job: only without its sessions the revision is final.
      await asAdmin(of, (admin) => endSessions(admin, aside));
    }
    if ((await revisionOf(of)) === history.target) break;
  }
  if (of.it.breakage === 'every step twice' && (await revisionOf(of)) === history.target)
    await migrate(of, aside, history);
  return revisionOf(of);
}

export const revisionOf = async (of: Rollback): Promise<string> =>
  (await on(of, of.aside, (client) => revisions(client, 'alembic_version'))).join(', ');

const killed = (pid: number) => Promise.resolve(void process.kill(pid, 'SIGKILL'));

function interruptionOf(of: Rollback): Interruption | undefined {
  const cut = () => asAdmin(of, async (admin) => void (await endSessions(admin, of.aside)));
  switch (of.it.breakage) {
    case 'downgrade killed before its commit':
      return { at: 'before the commit', meanwhile: killed };
    case 'downgrade killed after its commit':
      return { at: 'after the commit', meanwhile: killed };
    case 'connection cut in the downgrade':
      return { at: 'before the commit', meanwhile: cut };
    default:
      return undefined;
  }
}

/** @returns what is not as it was rehearsed */
export async function verify(of: Rollback, rehearsed: Rehearsed, stopped: Before): Promise<string[]> {
  const { aside, history } = of;
  const revision = await revisionOf(of);
  if (revision !== history.target) return [`the database is at ${revision}`];
  const found = await on(of, aside, async (client) => ({
    catalog: await catalog(client),
    rows: await counts(client),
  }));
  const file = {
    catalog: { before: stopped.catalog, after: rehearsed.catalog },
    counts: rehearsed.counts,
    schema: { wrong: [], drift: [] },
  };
  const plan = { target: history.target, service } as Plan;
  return againstRehearsal(plan, stopped, file as unknown as RehearsalFile, found).wrong;
}

/** What a person is shown at gate `downgrade`: how the copy differs from what the migrations make. */
export const unlikeMigrations = ({ targetCatalog }: Rollback, rehearsed: Rehearsed, before: Before) =>
  compareSchemas(
    { target: targetCatalog, from: undefined, now: rehearsed.catalog, before: before.catalog },
    'alembic_version',
  ).wrong;
