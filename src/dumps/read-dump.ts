import { utc } from '../domain/text.ts';
import type { Place } from '../domain/definition/dump-place.ts';
import { Failure } from '../domain/failures.ts';
import type { VersionRow } from '../migrations/tool.ts';
import type { ExternalDump, Source } from '../domain/plan/source.ts';
import { digestInStore, pgRestoreOver, withArchive } from './archive.ts';
import { newestClient } from './clients.ts';
import { formatOf, readThrough } from './dump-file.ts';
import { readManifest, type Manifest } from './manifest.ts';
import { sayProgress } from '../kubernetes/job-protocol.ts';
import { SqlDump } from './sql-dump.ts';
import type { Store } from './place.ts';
import { storeAt } from './places/index.ts';

export interface ReadDumpArguments {
  operation: string;
  service: string;
  place: Place;
  /** Where the service's backups lie in it. */
  directory: string;
  /** A path in the store; or a proven backup, by name or the newest. */
  from: { file: string } | { backup: string | undefined };
  /** `schema.table` */
  versionTable: string;
}

type WithoutRevision<T> = T extends unknown ? Omit<T, 'revision'> : never;

export interface ReadDumpResult {
  /** All but the revision, which the migration tool reads in the rows. */
  source: WithoutRevision<Exclude<Source, { kind: 'snapshot' }>>;
  /** Rows of the version table. */
  versionRows: VersionRow[];
  tables: string[];
  /** Roles that must be there before it is restored; of a given file. */
  roles: string[];
  notes: string[];
}

/**
 * Finds what is to be restored from, and reads all of it: a proven backup by its SHA-256, a given file by
 * everything in it. Changes nothing.
 *
 * @throws Failure SourceUnusable
 */
export async function readDump(wanted: ReadDumpArguments): Promise<ReadDumpResult> {
  const store = await storeAt(wanted.place);
  return 'file' in wanted.from
    ? readFile(store, wanted, wanted.from.file)
    : readBackup(store, wanted, wanted.from.backup);
}

async function readFile(store: Store, wanted: ReadDumpArguments, file: string): Promise<ReadDumpResult> {
  const dump = { store, path: file, operation: wanted.operation };
  const format = await formatOf(dump);
  const into = new SqlDump({ versionTable: wanted.versionTable });
  const of = await store.size(dump.path);
  let told = Date.now();
  const { bytes, sha256 } = await readThrough({ ...dump, format, into }, (done) => {
    if (Date.now() - told < 1_000) return;
    told = Date.now();
    sayProgress({ doing: `Reading ${file}`, done, ...(of !== undefined && { of }), unit: 'bytes' });
  });
  const source: Omit<ExternalDump, 'revision'> = {
    kind: 'file',
    file: dump.path,
    format,
    counts: into.counts,
    extensions: into.extensions.map(({ name }) => name),
    installed: into.extensions.map(({ name, schema }) => {
      const owner = into.schemas[schema];
      return { name, schema: { name: schema, ...(owner !== undefined && { owner }) } };
    }),
    sequences: into.sequences,
    bytes,
    sha256,
    ...(await writtenAt(store, dump.path)),
    serverVersion: into.serverVersion,
    clientVersion: into.clientVersion,
  };
  const { tables, versionRows } = into;
  return { source, versionRows, tables, roles: [...into.roles].toSorted(), notes: [] };
}

async function writtenAt(store: Store, path: string): Promise<{ takenAt?: string }> {
  const at = await store.writtenAt(path);
  return at === undefined ? {} : { takenAt: at };
}

async function readBackup(
  store: Store,
  wanted: ReadDumpArguments,
  name: string | undefined,
): Promise<ReadDumpResult> {
  const { directory } = wanted;
  const manifests = await manifestsIn(store, directory);
  const asked = name === undefined ? manifests : manifests.filter((each) => isNamed(each, name));
  const notes: string[] = [];
  for (const { backup } of asked) {
    sayProgress({ doing: `Checking backup ${backup.file}`, done: 0, of: backup.bytes, unit: 'bytes' });
    const found = await digestInStore(store, backup, (done) =>
      sayProgress({ doing: `Checking backup ${backup.file}`, done, of: backup.bytes, unit: 'bytes' }),
    );
    if (found?.sha256 !== backup.sha256) {
      const why = found === undefined ? 'is gone' : `has another SHA-256 than when it was proved`;
      notes.push(`Backup ${backup.file} of ${utc(backup.takenAt)} ${why}.`);
      continue;
    }
    const { counts, extensions, bytes, takenAt } = backup;
    const versionRows = await versionRowsIn(store, wanted, backup);
    return {
      source: { kind: 'backup', backup, counts, extensions, bytes, takenAt },
      versionRows,
      tables: Object.keys(counts),
      roles: [],
      notes,
    };
  }
  const there = manifests.map(({ backup }) => `${backup.file} of ${utc(backup.takenAt)}`);
  const known = there.length === 0 ? 'none' : there.slice(0, 20).join('; ');
  const what = name === undefined ? `a proven backup of ${wanted.service}` : `a proven backup named ${name}`;
  throw new Failure(
    'SourceUnusable',
    [`There is no ${what.slice(2)} in ${directory} on the ${store.name} that can be restored.`, ...notes]
      .join(' ')
      .concat(` There is: ${known}.`),
  );
}

/** Newest first. A manifest that is no JSON, or of something else, is none. */
async function manifestsIn(store: Store, directory: string): Promise<Manifest[]> {
  const names = (await store.names(directory)).filter((name) => name.endsWith('.json'));
  const found: Manifest[] = [];
  for (const name of names) {
    const manifest = await readManifest(store, `${directory}/${name}`).catch(() => undefined);
    if (manifest?.backup?.sha256 !== undefined) found.push(manifest);
  }
  return found.toSorted((a, b) => (a.backup.takenAt < b.backup.takenAt ? 1 : -1));
}

/** By the path of its dump, or the last part of that, with or without its ending. */
function isNamed({ backup: { file } }: Manifest, name: string): boolean {
  const last = file.split('/').at(-1) ?? '';
  return [file, last, last.replace(/\.[a-z]+$/, '')].includes(name);
}

/** The version table in a proven backup: its manifest tells how many rows, not which. */
async function versionRowsIn(
  store: Store,
  { operation, versionTable }: ReadDumpArguments,
  { file, format }: Manifest['backup'],
): Promise<VersionRow[]> {
  const pgRestore = await newestClient('pg_restore', 'SourceUnusable');
  const into = new SqlDump({ versionTable });
  const [schema = '', table = ''] = versionTable.split('.');
  const args = ['--data-only', `--schema=${schema}`, `--table=${table}`, '-f', '-'];
  const { trouble } = await withArchive(store, { file, format }, (archive) =>
    pgRestoreOver(pgRestore.path, args, archive, { operation, onOutput: (chunk) => into.push(chunk) }),
  );
  if (trouble !== undefined) throw new Failure('SourceUnusable', `Backup ${file}: ${trouble}`);
  return into.versionRows;
}
