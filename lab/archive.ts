import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { chmod, link, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from './command.ts';
import { containerdSocket, ctr } from './kubernetes/containerd.ts';
import { withLock } from './lock.ts';
import { inCache } from './paths.ts';

/** One layer of an image: an uncompressed tar in the cache and its SHA-256, which is also its name to containerd. */
export interface Layer {
  path: string;
  digest: string;
}

/** What containers of an image start with; the names are those of the image format. */
export interface ImageConfiguration {
  Env?: string[];
  WorkingDir?: string;
  User?: string;
  Cmd?: string[];
  Entrypoint?: string[];
}

/**
 * A layer from the cache, or made there: `make` fills an empty directory, which is packed with fixed times and owners,
 * so that the same content is the same layer. `key` must stand for everything that goes in.
 */
export async function layer(key: string, make: (directory: string) => Promise<void>): Promise<Layer> {
  const known = inCache('layers', key);
  const made = (): Layer | undefined => {
    if (!existsSync(known)) return undefined;
    const digest = readFileSync(known, 'utf8');
    return { digest, path: inCache('layers', `${digest}.tar`) };
  };
  const cached = made();
  if (cached !== undefined) return cached;
  await mkdir(inCache('layers'), { recursive: true });
  return withLock(
    `${known}.lock`,
    () => {},
    async () => made() ?? (await pack(known, make)),
  );
}

async function pack(known: string, make: (directory: string) => Promise<void>): Promise<Layer> {
  const directory = await mkdtemp(inCache('layers', 'making-'));
  try {
    await chmod(directory, 0o755);
    await make(directory);
    const unfinished = `${directory}.tar`;
    await command('tar', [
      '--create',
      `--file=${unfinished}`,
      `--directory=${directory}`,
      '--sort=name',
      '--mtime=@0',
      '--numeric-owner',
      '--owner=0',
      '--group=0',
      '--exclude=./dev/*',
      '.',
    ]);
    const digest = await sha256(unfinished);
    const path = inCache('layers', `${digest}.tar`);
    await rename(unfinished, path);
    await writeFile(`${known}.part`, digest);
    await rename(`${known}.part`, known);
    return { digest, path };
  } finally {
    await rm(directory, { recursive: true, force: true });
    await rm(`${directory}.tar`, { force: true });
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

const oci = (kind: string) => `application/vnd.oci.image.${kind}`;

/**
 * Gives containerd an image made of these layers under this reference, as an OCI layout: it may leave out the layers
 * that containerd has from another image, which are most of it (0.5 s in place of 5 s on a busy machine [M]).
 */
export async function importImage(
  reference: string,
  layers: Layer[],
  configuration: ImageConfiguration,
): Promise<void> {
  const there = new Set((await ctr('content', 'list', '--quiet')).split('\n'));
  await mkdir(inCache('archives'), { recursive: true });
  const directory = await mkdtemp(inCache('archives', 'packing-'));
  try {
    const blobs = join(directory, 'blobs', 'sha256');
    await mkdir(blobs, { recursive: true });
    const blob = async (mediaType: string, content: object) => {
      const text = JSON.stringify(content);
      const digest = createHash('sha256').update(text).digest('hex');
      await writeFile(join(blobs, digest), text);
      return { mediaType, digest: `sha256:${digest}`, size: Buffer.byteLength(text) };
    };
    const config = await blob(oci('config.v1+json'), {
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: configuration,
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => `sha256:${digest}`) },
      history: layers.map(() => ({ created_by: 'backstep lab' })),
    });
    const described = layers.map(async ({ path, digest }) => {
      if (!there.has(`sha256:${digest}`)) await link(path, join(blobs, digest));
      return { mediaType: oci('layer.v1.tar'), digest: `sha256:${digest}`, size: (await stat(path)).size };
    });
    const manifest = await blob(oci('manifest.v1+json'), {
      schemaVersion: 2,
      mediaType: oci('manifest.v1+json'),
      config,
      layers: await Promise.all(described),
    });
    await writeFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    const annotations = { 'io.containerd.image.name': reference };
    const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
    await writeFile(join(directory, 'index.json'), JSON.stringify(index));
    const pack = 'tar --create --directory "$1" . | ctr --address "$2" --namespace k8s.io images import -';
    await command('bash', ['-o', 'pipefail', '-c', pack, 'bash', directory, containerdSocket]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
