import type { Place } from '../../../domain/definition/dump-place.ts';
import { Failure } from '../../../domain/failures.ts';
import { readManifest } from '../../../dumps/manifest.ts';
import type { Store } from '../../../dumps/place.ts';
import { storeAt } from '../../../dumps/places/index.ts';

export interface ArtifactArguments {
  operation: string;
  service: string;
  place: Place;
  /** Where the service's files lie in it. */
  directory: string;
  /** Paths that are deleted; the rest is listed. */
  remove?: string[];
}

export interface ArtifactFile {
  path: string;
  kind: 'dump' | 'salvage file' | 'unfinished file';
  operation: string;
  bytes?: number;
  since?: string;
  until?: string;
}

export interface ArtifactFiles {
  files: ArtifactFile[];
  removed: string[];
}

/** Backstep's own files, by their names: whatever else lies there is never listed and never touched. */
const own = /^(?<operation>bs-[0-9a-f]{8})-(?<rest>(?:salvage-)?\d+\.\S+)$/;

function kindOf(name: string): Pick<ArtifactFile, 'kind' | 'operation'> | undefined {
  const { operation, rest } = own.exec(name)?.groups ?? {};
  if (operation === undefined || rest === undefined) return undefined;
  if (rest.endsWith('.partial')) return { kind: 'unfinished file', operation };
  if (rest.startsWith('salvage-')) return { kind: 'salvage file', operation };
  return /^\d+\.dump$/.test(rest) ? { kind: 'dump', operation } : undefined;
}

/**
 * Lists the dumps and salvage files of a service, and deletes those named, a dump together with its manifest. A
 * name that is not one of Backstep's own is refused; one that is gone already is not.
 *
 * @throws Failure Refused
 */
export async function artifacts({
  service,
  place,
  directory,
  remove = [],
}: ArtifactArguments): Promise<ArtifactFiles> {
  const store = await storeAt(place);
  for (const path of remove) {
    const name = path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : '';
    if (kindOf(name) === undefined)
      throw new Failure('Refused', `${path} is not a file that Backstep made for ${service}.`);
  }
  for (const path of remove) {
    await store.remove(path);
    // The manifest goes last: without its dump it says nothing, and a dump without it cannot be restored.
    if (path.endsWith('.dump')) await store.remove(manifestOf(path));
  }
  const names = new Set((await store.names(directory)).map((name) => name.split('/')[0] ?? ''));
  const files: ArtifactFile[] = [];
  for (const name of names) {
    const known = kindOf(name);
    if (known !== undefined)
      files.push({
        path: `${directory}/${name}`,
        ...known,
        ...(await detailsOf(store, `${directory}/${name}`)),
      });
  }
  return { files, removed: remove };
}

const manifestOf = (dump: string) => dump.replace(/\.dump$/, '.json');

async function detailsOf(
  store: Store,
  path: string,
): Promise<Pick<ArtifactFile, 'bytes' | 'since' | 'until'>> {
  const manifest = path.endsWith('.dump')
    ? await readManifest(store, manifestOf(path)).catch(() => undefined)
    : undefined;
  const bytes = manifest?.backup.bytes ?? (await store.size(path));
  return {
    ...(bytes !== undefined && { bytes }),
    ...(manifest && { since: manifest.backup.takenAt }),
    ...(manifest && { until: manifest.backup.keepUntil }),
  };
}
