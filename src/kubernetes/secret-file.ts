import { basename, dirname } from 'node:path/posix';
import type { V1Volume, V1VolumeMount, V1VolumeProjection } from '@kubernetes/client-node';

/** One key of a Secret as a file: how an application that reads its database URL from a file gets another. */
export interface SecretFile {
  secret: string;
  key: string;
  /** Absolute path of the file in the container. */
  path: string;
}

const fileVolume = 'backstep-database-url';

/**
 * Puts the Secret's key in place of the file. Where the directory is a Secret or ConfigMap of its own, the
 * other files of it stay: both are projected into one volume.
 */
export function mountedFile(file: SecretFile, mounts: V1VolumeMount[], volumes: V1Volume[]) {
  const directory = dirname(file.path);
  const here = mounts.find(({ mountPath }) => mountPath.replace(/\/$/, '') === directory);
  const there = volumes.find(({ name }) => name === here?.name);
  const theirs =
    there === undefined || here?.subPath !== undefined ? undefined : projections(there, basename(file.path));
  const source: V1VolumeProjection = {
    secret: { name: file.secret, items: [{ key: file.key, path: basename(file.path) }] },
  };
  const volume = { name: fileVolume, projected: { sources: [...(theirs ?? []), source] } };
  const others = mounts.filter(
    (mount) => mount.mountPath !== file.path && (theirs === undefined || mount !== here),
  );
  const mount =
    theirs === undefined
      ? { name: fileVolume, mountPath: file.path, subPath: basename(file.path), readOnly: true }
      : { name: fileVolume, mountPath: directory, readOnly: true };
  return { volumes: [...volumes, volume], mounts: [...others, mount] };
}

/** The sources of a volume, without the item that would lie where our file goes: two of one path are refused. */
function projections(volume: V1Volume, taken: string): V1VolumeProjection[] | undefined {
  const name = volume.secret?.secretName ?? volume.configMap?.name;
  if (name === undefined) return undefined;
  const items = (volume.secret ?? volume.configMap)?.items?.filter(({ path }) => path !== taken);
  // No items at all would mean every key.
  if (items?.length === 0) return [];
  const source = { name, ...(items && { items }) };
  return [volume.secret === undefined ? { configMap: source } : { secret: source }];
}
