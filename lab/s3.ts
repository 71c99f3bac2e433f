import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import getPort from 'get-port';
import { command } from './command.ts';
import { goOf } from './kubernetes/toolchain.ts';
import { LabError } from './lab-error.ts';
import { withLock } from './lock.ts';
import { inCache } from './paths.ts';

const module = { path: 'github.com/versity/versitygw', version: 'v1.8.0', go: '1.26.0' };

/** A real S3 server whose objects are files of a directory: `<directory>/<bucket>/<key>`. */
export interface S3Server {
  endpoint: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
  directory: string;
  pid: number | undefined;
  /** As a storage that is gone: connections are refused. */
  stop: () => Promise<void>;
  /** Stops it and deletes everything. */
  remove: () => Promise<void>;
}

/**
 * Starts one on a free port.
 *
 * @param host loopback, or the lab's bridge for pods to reach it
 * @param directory for the objects, for instance on a small file system; otherwise one of its own
 */
export async function s3Server(host: string, directory?: string): Promise<S3Server> {
  const program = await versitygw();
  const root = await mkdtemp(join(tmpdir(), 's3-'));
  const objects = directory ?? join(root, 'objects');
  const bucket = 'dumps';
  await mkdir(join(objects, bucket), { recursive: true });
  const [accessKeyId, secretAccessKey] = [randomBytes(8).toString('hex'), randomBytes(16).toString('hex')];
  const port = await getPort({ host });
  const endpoint = `http://${host}:${port}`;
  const running = execa(program, ['--port', `${host}:${port}`, '--quiet', 'posix', objects], {
    env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
    reject: false,
    all: true,
    // It goes with this process, whatever happens.
    cleanup: true,
  });
  await answers(endpoint, running);
  const stop = async () => {
    running.kill('SIGTERM');
    await running;
  };
  const remove = async () => {
    await stop();
    await rm(root, { recursive: true, force: true });
  };
  const { pid } = running;
  return { endpoint, bucket, accessKeyId, secretAccessKey, directory: objects, pid, stop, remove };
}

async function answers(endpoint: string, running: Promise<{ all?: string | undefined }>): Promise<void> {
  const ended = running.then(({ all }) => {
    throw new LabError(`The S3 server ended at once: ${all ?? ''}`);
  });
  const healthy = async () => {
    for (const end = Date.now() + 20_000; Date.now() < end; await pause(50)) {
      // 403 without a signature: it is there.
      if (
        await fetch(endpoint).then(
          () => true,
          () => false,
        )
      )
        return;
    }
    throw new LabError(`The S3 server does not answer at ${endpoint}.`);
  };
  await Promise.race([healthy(), ended]);
  ended.catch(() => {});
}

/** Built from its source by Go, once for all: 45 s on two cores. */
async function versitygw(): Promise<string> {
  const finished = inCache('versitygw', `${module.version}-${process.arch}`);
  const program = join(finished, 'versitygw');
  if (existsSync(program)) return program;
  await mkdir(dirname(finished), { recursive: true });
  await withLock(
    `${finished}.lock`,
    () => {},
    async () => {
      if (existsSync(program)) return;
      const unfinished = `${finished}.${process.pid}`;
      const env = { CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '-trimpath', GOBIN: unfinished };
      const what = `${module.path}/cmd/versitygw@${module.version}`;
      await command(await goOf(module.go), ['install', '-ldflags=-s -w', what], { cwd: '/', env });
      await rename(unfinished, finished);
    },
  );
  return program;
}
