import { existsSync, writeFileSync } from 'node:fs';
import { installDebian } from '../../lab/packages.ts';

const settings = '/etc/postgresql-common/createcluster.conf';

/** Installs packages of Debian's own PostgreSQL, which would make and start a cluster with it unless told not to. */
export async function installPostgres(packages: string[]): Promise<void> {
  if (!existsSync(settings)) {
    await installDebian(['postgresql-common']);
    writeFileSync(settings, 'create_main_cluster = false\n');
  }
  await installDebian(packages);
}
