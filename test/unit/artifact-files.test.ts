import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { artifacts } from '../../src/activities/messages/artifacts/job.ts';

let volume: string;
const place = { kind: 'claim', settings: 'backups' } as const;
const ask = (remove?: string[]) =>
  artifacts({
    operation: 'bs-00000000',
    service: 'radar',
    place,
    directory: 'radar',
    ...(remove && { remove }),
  });

beforeEach(() => {
  volume = mkdtempSync(join(tmpdir(), 'kept-'));
  vi.stubEnv('BACKSTEP_BACKUPS', volume);
  mkdirSync(join(volume, 'radar/bs-0a1b2c3d-2.dump'), { recursive: true });
  const backup = { bytes: 4_200, takenAt: '2025-11-18T03:00:00Z', keepUntil: '2025-12-18T03:00:00Z' };
  for (const [name, content] of [
    ['radar/bs-0a1b2c3d-1.dump', 'PGDMP'],
    ['radar/bs-0a1b2c3d-1.json', JSON.stringify({ version: 1, backup })],
    ['radar/bs-0a1b2c3d-2.dump/toc.dat', 'PGDMP'],
    ['radar/bs-0a1b2c3d-2.json', JSON.stringify({ version: 1, backup })],
    ['radar/bs-0a1b2c3d-salvage-1.sql.gz', 'salvaged'],
    ['radar/bs-0a1b2c3d-3.pod-7.partial', 'half'],
    ['radar/monday.dump', 'a person made this'],
    ['secrets.txt', 'not of this service'],
  ] as const)
    writeFileSync(join(volume, name), content);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(volume, { recursive: true });
});

describe('the files that Backstep left', () => {
  it('are dumps, salvage files and what a Job that was killed left; what people put there is not listed', async () => {
    const times = { since: '2025-11-18T03:00:00Z', until: '2025-12-18T03:00:00Z' };
    const operation = 'bs-0a1b2c3d';
    expect((await ask()).files).toEqual([
      { path: 'radar/bs-0a1b2c3d-1.dump', kind: 'dump', operation, bytes: 4_200, ...times },
      { path: 'radar/bs-0a1b2c3d-2.dump', kind: 'dump', operation, bytes: 4_200, ...times },
      { path: 'radar/bs-0a1b2c3d-3.pod-7.partial', kind: 'unfinished file', operation, bytes: 4 },
      { path: 'radar/bs-0a1b2c3d-salvage-1.sql.gz', kind: 'salvage file', operation, bytes: 8 },
    ]);
  });

  it('are deleted with their manifests, and twice is as well as once', async () => {
    const paths = ['radar/bs-0a1b2c3d-1.dump', 'radar/bs-0a1b2c3d-2.dump'];
    expect((await ask(paths)).files.map(({ path }) => path)).toEqual([
      'radar/bs-0a1b2c3d-3.pod-7.partial',
      'radar/bs-0a1b2c3d-salvage-1.sql.gz',
    ]);
    await expect(ask(paths)).resolves.toMatchObject({ removed: paths });
    expect(readdirSync(join(volume, 'radar'))).toEqual([
      'bs-0a1b2c3d-3.pod-7.partial',
      'bs-0a1b2c3d-salvage-1.sql.gz',
      'monday.dump',
    ]);
  });

  it.each([
    'radar/monday.dump',
    'secrets.txt',
    'radar/../secrets.txt',
    'radar/bs-0a1b2c3d-1.dump/../../secrets.txt',
    'other/bs-0a1b2c3d-1.dump',
    'radar/bs-0a1b2c3d-1.json',
    'radar',
  ])('%s is none of them: nothing is deleted, not even what was asked for beside it', async (path) => {
    await expect(ask(['radar/bs-0a1b2c3d-1.dump', path])).rejects.toMatchObject({ type: 'Refused' });
    expect(existsSync(join(volume, 'radar/bs-0a1b2c3d-1.dump'))).toBe(true);
    expect(existsSync(join(volume, 'secrets.txt'))).toBe(true);
  });
});
