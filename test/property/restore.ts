import { whyUnusable } from '../../src/activities/restore-point/proof.ts';
import { restoreArguments } from '../../src/jobs/manifest.ts';
import { restore } from '../../src/jobs/restore.ts';
import { openToPublic } from '../../src/postgres/clones.ts';
import { createDatabase, dropDatabase, swap } from '../../src/postgres/databases.ts';
import { carryOver } from '../../src/postgres/properties.ts';
import type { Backup } from '../../src/runbook/backup.ts';
import { besideName } from '../../src/runbook/names.ts';
import type { MadeRestorePoint } from '../../src/runbook/restore-point.ts';
import { service } from './migrations.ts';
import { adminOn, asAdmin, broken, killAfter, type Rollback } from './rollback.ts';

export async function restoreFromPoint(of: Rollback, point: MadeRestorePoint): Promise<void> {
  const { world, operation } = of;
  const signal = new AbortController().signal;
  const why = await whyUnusable(world.adminUrl, point, { operation, signal });
  if (why !== undefined) throw new Error(`the restore point does not do: ${why}`);
  await asAdmin(of, (admin) => openToPublic(admin, point.database, point.publicPrivileges));
  await putInPlace(of, point.database);
}

export async function restoreFromBackup(of: Rollback, backup: Backup): Promise<void> {
  const { world, operation, name, aside } = of;
  const restored = besideName(name, 'restored', operation);
  const prepare = () =>
    asAdmin(of, async (admin) => {
      await dropDatabase(admin, restored, operation);
      const extensions = backup.installed ?? [];
      await createDatabase(admin, {
        name: restored,
        like: aside,
        extensions,
        adminUrl: world.adminUrl,
        operation,
      });
    });
  const told = restoreArguments(service, operation, backup);
  const adminUrl = adminOn(of, restored);
  await prepare();
  const how = {
    'pg_restore killed': { dies: 'pg_restore' },
    'restore killed': { killAfter: killAfter(of) },
  } as const;
  if (await broken(of, how, { program: 'restore', told, url: world.url(restored), adminUrl }))
    await prepare();
  const { differences } = await restore(adminUrl, told);
  if (differences.length > 0) throw new Error(`restored with another schema: ${differences.join('; ')}`);
  await asAdmin(of, (admin) => carryOver(admin, aside, restored));
  await putInPlace(of, restored);
}

async function putInPlace(of: Rollback, database: string): Promise<void> {
  const failed = besideName(of.name, 'failed', of.operation);
  await asAdmin(of, (admin) =>
    swap(admin, [
      { from: of.aside, to: failed },
      { from: database, to: of.aside },
    ]),
  );
}
