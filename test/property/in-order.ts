import { expect } from 'vitest';
import { backUp } from '../../src/activities/back-up/activity.ts';
import { downgrade } from '../../src/activities/downgrade/activity.ts';
import { putBack } from '../../src/activities/put-back/activity.ts';
import { readEvidence } from '../../src/activities/rehearsal/evidence.ts';
import { rehearse } from '../../src/activities/rehearse/activity.ts';
import { takeSnapshot } from '../../src/activities/snapshot/activity.ts';
import { restore } from '../../src/activities/restore/activity.ts';
import { salvage } from '../../src/activities/salvage/activity.ts';
import { stopWrites } from '../../src/activities/stop-writes/activity.ts';
import { verify } from '../../src/activities/verify/activity.ts';
import { update } from '../../src/kubernetes/records.ts';
import { withOpenClone } from '../../src/postgres/clones.ts';
import { lower } from '../../src/postgres/fence.ts';
import { quoted } from '../../src/postgres/connect.ts';
import { Failure } from '../../src/domain/failures.ts';
import { shortHash } from '../../src/domain/plan/hash.ts';
import type { SalvageFile } from '../../src/domain/salvage.ts';
import { act, breach, held, writeGuard, LeftBehind, takeUp } from './operation.ts';
import { asAdmin, look, type Rollback } from './rollback.ts';
import type { WaysBack } from '../../src/activities/downgrade/step.ts';
import { approvedAtDowngrade } from '../../src/activities/downgrade/step.ts';

/** How far it came: nobody lets the downgrade pass, it is refused, or the database moved, well or not. */
export type Came = { to: 'refused' } | { to: 'moved' | 'wrong'; ways: WaysBack; salvaged?: SalvageFile };

const stop = (of: Rollback, again: boolean) =>
  act<'stop-writes'>(of, stopWrites, { try: 1, workflowId: 'backstep-property', runId: '1', again });

/** The steps up to `verify`, by this operation or by the one that takes it up. */
export async function toTheTarget(of: Rollback): Promise<Came> {
  let salvaged: SalvageFile | undefined;
  const keep = (file: SalvageFile | undefined) => (salvaged = file ?? salvaged);
  try {
    return withFile(await steps(of, keep), salvaged);
  } catch (error) {
    if (!(error instanceof LeftBehind)) throw error;
    await takeUp(of);
    return withFile(await steps(of, keep), salvaged);
  } finally {
    // From here on another worker goes on.
    of.forGood = false;
  }
}

const withFile = (came: Came, file: SalvageFile | undefined): Came =>
  came.to === 'refused' || file === undefined ? came : { ...came, salvaged: file };

async function steps(of: Rollback, keep: (file: SalvageFile | undefined) => void): Promise<Came> {
  const stopped = await stop(of, false);
  const stands = writeGuard(of);
  try {
    const snapshot = await act<'snapshot'>(of, takeSnapshot, { try: 1 }, forSnapshot(of));
    const backup = await held<'back-up'>(of, backUp, { snapshot }, ['BackupFailed', 'BackupNotProved']);
    const writes = of.it.breakage === 'somebody writes while writes are stopped';
    if (writes) await breach(of);
    const rehearsal = await act<'rehearse'>(of, rehearse, { try: 1, snapshot });
    if (rehearsal.rehearsed) {
      const { schema } = await readEvidence(of.dependencies.storage, rehearsal.evidence);
      // Nobody lets a downgrade pass that leaves another schema than the migrations make.
      if ('notBuilt' in schema || schema.wrong.length > 0) return { to: 'refused' };
    }
    const kept = await held<'salvage'>(of, salvage, { rehearsal }, ['SalvageFailed']);
    // Large objects that somebody wrote after the copy was made are not in it, and salvage keeps none.
    const unkept = writes ? kept.lost.filter(({ kind }) => kind !== 'large objects') : kept.lost;
    expect(unkept).toEqual([]);
    keep(kept.saved);
    const ways: WaysBack = { stopped, snapshot, backup, rehearsal, salvage: kept };
    const approved = shortHash(approvedAtDowngrade(of.plan, ways));
    const moves = held<'downgrade'>(of, downgrade, { waysBack: ways, approved }, ['DowngradeFailed']);
    if (writes) {
      await expect(moves).rejects.toMatchObject({ type: 'WritesCameBack' });
      of.failed.push(`${of.it.breakage}: WritesCameBack`);
      return { to: 'refused' };
    }
    try {
      await moves;
      await act<'verify'>(of, verify, { try: 1, stopped, rehearsal });
      return { to: 'moved', ways };
    } catch (error) {
      const expected = ['DowngradeFailed', 'DowngradeUnclear', 'VerificationFailed'];
      if (!(error instanceof Failure && expected.includes(error.type))) throw error;
      of.failed.push(`migration: ${error.type}`);
      return { to: 'wrong', ways };
    }
  } catch (error) {
    if (!(error instanceof Failure && error.type === 'RehearsalFailed')) throw error;
    return { to: 'refused' };
  } finally {
    await stands.end();
  }
}

/** Cloning that may take no time takes too long. */
const forSnapshot = ({ it, plan }: Rollback) =>
  it.breakage === 'cloning takes too long'
    ? { ...plan, service: { ...plan.service, snapshot: { ...plan.service.snapshot, within: 1 } } }
    : plan;

/** As `start-app` does with the database. */
export async function openAgain(of: Rollback): Promise<void> {
  const { database, operation } = of.plan;
  await update(of.dependencies.cluster, of.dependencies.recordsNamespace, database, operation, (record) => ({
    ...record,
    writes: 'resumed',
    resumedAt: new Date().toISOString(),
  }));
  await asAdmin(of, (admin) => lower(admin, database));
}

export const stopAgain = (of: Rollback) => stop(of, true);

/** A person decides `restore`; then everything is put back. */
export async function restored(of: Rollback, { snapshot, backup }: WaysBack): Promise<void> {
  const { it, surroundings, plan } = of;
  let from: 'snapshot' | 'backup' = snapshot.made && it.restoreFrom !== 'backup' ? 'snapshot' : 'backup';
  if (snapshot.made && from === 'backup')
    await asAdmin(of, (admin) => admin.query(`DROP DATABASE ${quoted(snapshot.database)}`));
  if (snapshot.made && it.breakage === 'somebody changes the snapshot' && from === 'snapshot') {
    const { operation } = plan;
    await withOpenClone(surroundings.adminUrl, { database: snapshot.database, operation }, (client) =>
      client.query(`UPDATE alembic_version SET version_num = version_num || 'x'`),
    );
    of.failed.push(it.breakage);
    from = 'backup';
  }
  const found = await held<'restore'>(of, restore, { snapshot, ...(backup && { backup }) }, [
    'RestoreFailed',
  ]);
  expect(found.from).toBe(from);
}

export const allPutBack = async (of: Rollback, pivotPassed: boolean): Promise<void> => {
  await act<'put-back'>(of, putBack, { try: 1, stopped: true, pivotPassed });
  expect((await look(of, of.name)).whole).toEqual(of.before.whole);
};
