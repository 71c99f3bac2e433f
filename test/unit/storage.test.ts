import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { directory } from '../../src/storage/storage.ts';

describe('a directory as storage', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'storage-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  it('keeps content under a ref, closed to others, and answers with its SHA-256', async () => {
    const storage = directory(join(root, 'reports'));
    const kept = await storage.put('bs-1/report.md', '# Report é');
    expect(kept).toEqual({
      ref: 'bs-1/report.md',
      sha256: createHash('sha256').update('# Report é').digest('hex'),
    });
    expect(Buffer.from(await storage.get('bs-1/report.md')).toString()).toBe('# Report é');
    expect(await readFile(storage.pathOf('bs-1/report.md'), 'utf8')).toBe('# Report é');
    expect((await stat(storage.pathOf('bs-1/report.md'))).mode & 0o007).toBe(0);
  });

  it('replaces what was there, and leaves nothing beside it', async () => {
    const storage = directory(root);
    await storage.put('report.json', 'a long first content');
    await storage.put('report.json', new TextEncoder().encode('second'));
    expect(Buffer.from(await storage.get('report.json')).toString()).toBe('second');
    expect(await readdir(root)).toEqual(['report.json']);
  });

  it.each(['', '/etc/passwd', '../x', 'a/../x', 'a//b', '.hidden', 'a/./b', 'a\0b'])(
    'refuses the ref %j',
    async (ref) => {
      const storage = directory(root);
      await expect(storage.put(ref, 'x')).rejects.toMatchObject({ type: 'StorageFailed' });
      await expect(storage.get(ref)).rejects.toMatchObject({ type: 'StorageFailed' });
    },
  );

  it('names the path and the cause where it cannot read or write', async () => {
    const storage = directory(root);
    await expect(storage.get('bs-1/none.md')).rejects.toMatchObject({
      type: 'StorageFailed',
      message: expect.stringMatching(/bs-1\/none\.md could not be read: ENOENT/),
    });
    await writeFile(join(root, 'file'), '');
    await expect(storage.put('file/report.md', 'x')).rejects.toMatchObject({
      message: expect.stringMatching(/(EEXIST|ENOTDIR)/),
    });
    await mkdir(join(root, 'report.md'));
    await expect(storage.put('report.md', 'x')).rejects.toMatchObject({ type: 'StorageFailed' });
    expect((await readdir(root)).toSorted()).toEqual(['file', 'report.md']);
  });
});
