import { catalog } from '../../postgres/catalog.ts';
import { differences } from '../../schema-diff/differences.ts';
import { withClient, type Client } from '../../postgres/connect.ts';
import { extensionsOf } from '../../postgres/databases.ts';
import { fingerprint, unlike } from '../../postgres/fingerprint.ts';
import { Failure } from '../../domain/failures.ts';
import { readManifest, writeManifest, type Manifest, type RestoreArguments } from '../../dumps/manifest.ts';
import { sayProgress } from '../../kubernetes/job-protocol.ts';
import { filled } from '../../dumps/fill.ts';
import type { Backup } from '../../domain/backup.ts';
import { storeAt } from '../../dumps/places/index.ts';

/**
 * Proves a backup by restoring it: fills an empty scratch database from it, and compares all of that with what the
 * snapshot held. The manifest then says so.
 *
 * @param url the admin's connection to the scratch database
 * @throws Failure BackupNotProved with every difference, or with what kept the restore from ending
 */
export async function drill(url: string, wanted: RestoreArguments): Promise<Backup> {
  const began = Date.now();
  const store = await storeAt(wanted.place);
  const before = await readManifest(store, wanted.manifest);
  if (before?.backup.proof === 'restore' && before.backup.sha256 === wanted.sha256) return before.backup;
  const manifest = await filled(url, wanted).catch((error: unknown) => {
    throw new Failure(
      'BackupNotProved',
      `The dump cannot be restored: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  const { operation } = wanted;
  const { faults, equal } = await withClient(url, { operation }, (client) => compared(client, manifest));
  if (faults.length > 0) {
    throw new Failure(
      'BackupNotProved',
      `A database restored from the dump is not what was dumped: ${faults.slice(0, 20).join('; ')}.`,
    );
  }
  const seconds = manifest.backup.seconds + (Date.now() - began) / 1_000;
  const backup: Backup = { ...manifest.backup, proof: 'restore', drill: equal, seconds };
  await writeManifest(store, { ...manifest, backup });
  return backup;
}

async function compared(client: Client, manifest: Manifest): Promise<{ faults: string[]; equal: string[] }> {
  const { backup } = manifest;
  if (manifest.fingerprint === undefined)
    throw new Failure('BackupNotProved', 'The manifest has no fingerprint to compare a restore with.');
  const schema = differences(manifest.catalog, await catalog(client));
  const extensions = new Set((await extensionsOf(client)).map(({ name }) => name));
  const missing = backup.extensions.filter((name) => !extensions.has(name));
  const found = await fingerprint(client, {
    onTable: (table, done, of) =>
      sayProgress({ doing: `Comparing the restored database with the snapshot: ${table}`, done, of }),
  });
  const wanted = manifest.fingerprint;
  const contents = unlike(wanted, found).map((part) => {
    const [kind = '', ...name] = part.split(' ');
    const table = name.join(' ');
    return kind === 'table'
      ? `table ${table}: ${found.counts[table] ?? 'no'} rows restored, ${wanted.counts[table] ?? 'none'} dumped${found.counts[table] === wanted.counts[table] ? ', with other contents' : ''}`
      : `${part}: ${found.parts[part] ?? 'missing'} restored, ${wanted.parts[part] ?? 'none'} dumped`;
  });
  const parts = Object.keys(wanted.parts);
  const many = (kind: string) => parts.filter((part) => part.startsWith(`${kind} `)).length;
  return {
    faults: [...schema, ...missing.map((name) => `extension ${name} is missing`), ...contents],
    equal: [
      `Restored and compared: schema with owners and privileges, ${extensions.size} extensions, contents of ${many('table')} tables, ${many('sequence')} sequences, ${manifest.largeObjects} large objects`,
      `Fingerprint ${found.sha256}`,
    ],
  };
}
