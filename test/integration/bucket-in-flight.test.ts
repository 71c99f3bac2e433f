import { statSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { backUp } from '../../src/activities/back-up/job.ts';
import { filesIn, storage, wanted, withClients, type Storage } from './fixtures/backup-fixture.ts';
import type { PostgresFixture } from './fixtures/postgres-fixture.ts';

/** Bytes that the network or the server changes on their way. */

let fixture: PostgresFixture;
let here: Storage;
let proxy: Server;
let flip: 'upload' | 'download' | undefined;

beforeAll(async () => {
  fixture = await withClients();
  here = await storage('bucket');
  await fixture.asSuperuser(
    fixture.name,
    `CREATE TABLE bulk AS SELECT n, repeat(md5(n::text), 8) AS noise FROM generate_series(1, 100000) n;
     ALTER TABLE bulk OWNER TO ${fixture.owner}`,
  );
  here.enter();
  if (here.place.kind !== 's3') throw new Error('no bucket');
  const { settings } = here.place;
  const upstream = new URL(settings.endpoint ?? '');
  proxy = createServer((incoming, answer) => {
    const { method, url = '', headers } = incoming;
    const up = flip === 'upload' && method === 'PUT' && url.includes('partNumber=2');
    const down = flip === 'download' && method === 'GET' && url.includes('.dump');
    const forward = request(
      { host: upstream.hostname, port: upstream.port, method, path: url, headers },
      (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.on('data', (chunk: Buffer) => answer.write(down ? flipped(chunk) : chunk));
        response.on('end', () => answer.end());
      },
    );
    forward.on('error', () => answer.destroy());
    incoming.on('data', (chunk: Buffer) => forward.write(up ? flipped(chunk) : chunk));
    incoming.on('end', () => forward.end());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  here.place = { kind: 's3', settings: { ...settings, endpoint } };
}, 300_000);
afterEach(() => (flip = undefined));
afterAll(async () => {
  proxy.close();
  vi.unstubAllEnvs();
  await here.remove();
  await fixture.remove();
});

const made = (tried: number) =>
  backUp(fixture.url, wanted(fixture, { place: here.place, compression: { method: 'none' }, try: tried }));

test('a dump of several parts arrives as it was sent', async () => {
  const backup = await made(30);
  expect(backup.bytes).toBeGreaterThan(16 * 1024 * 1024);
  expect(statSync(join(here.files, backup.file)).size).toBe(backup.bytes);
});

test('a part changed on its way is refused by the server, and nothing of it is left', async () => {
  const before = filesIn(here.files);
  flip = 'upload';
  await expect(made(31)).rejects.toMatchObject({
    type: 'BackupFailed',
    message: expect.stringMatching(/digest|checksum|sha256/i) as string,
  });
  expect(filesIn(here.files)).toEqual(before);
});

test('a dump that reads back otherwise than it was sent is no backup', async () => {
  flip = 'download';
  await expect(made(32)).rejects.toMatchObject({
    type: 'BackupNotProved',
    message: expect.stringContaining('is not what was dumped') as string,
  });
});

/** Two letters within the text of a row: no archive and no count is broken by that. */
function flipped(chunk: Buffer): Buffer {
  const at = chunk.indexOf('ab', 5_000);
  if (at < 0) return chunk;
  const changed = Buffer.from(chunk);
  changed.write('ba', at);
  return changed;
}
