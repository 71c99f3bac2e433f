import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { filesIn, smallFileSystem, storage } from './fixtures/backup-fixture.ts';
import { column, papers, salvageFixture, table, type SalvageFixture } from './fixtures/salvage-fixture.ts';

let fixture: SalvageFixture;

beforeAll(async () => {
  fixture = await salvageFixture();
});
beforeEach(() => fixture.fresh());
afterAll(() => fixture.remove());

const saying = (text: string) => expect.stringContaining(text) as string;

describe('putting back', () => {
  const upgrade = `ALTER TABLE papers ADD score integer, ADD note text;
    CREATE TABLE scores (id integer PRIMARY KEY, a text, b text)`;
  const prepared = async () => {
    await fixture.sql(`${papers}; ${upgrade}; UPDATE papers SET score = id, note = 'n';
      INSERT INTO scores VALUES (1, 'a', 'b'), (2, '', NULL), (3, E'\\\\.', E'tab\\there\\n')`);
    const result = await fixture.keep([
      column('papers.score', 60),
      column('papers.note', 60),
      table('scores', 3),
    ]);
    await fixture.sql(`DROP TABLE scores; ALTER TABLE papers DROP score, DROP note`);
    return result;
  };

  test('before the corrected migration is applied is refused, and changes nothing', async () => {
    const result = await prepared();
    const before = await fixture.contents();
    await expect(fixture.putBack(result)).rejects.toMatchObject({
      stderr: expect.stringMatching(
        /column public\.papers\.score, column public\.papers\.note is not there.*Apply the corrected migration first/s,
      ) as string,
    });
    expect(await fixture.contents()).toEqual(before);
  });

  test('uses the columns that are there again, with the types that they have now', async () => {
    const result = await prepared();
    await fixture.sql(`ALTER TABLE papers ADD score bigint;
      CREATE TABLE scores (id smallint PRIMARY KEY, b varchar(20), extra integer DEFAULT 5)`);
    await expect(fixture.putBack(result)).rejects.toMatchObject({
      stderr: saying('papers.note is not there'),
    });
    expect(await fixture.putBack(result, '-c backstep.partly=on')).toContain(
      'Left out: column public.papers.note is not there',
    );
    expect(await fixture.sql(`SELECT count(*) FROM papers WHERE score = id`)).toEqual([{ count: '60' }]);
    expect(await fixture.sql(`SELECT * FROM scores ORDER BY id`)).toEqual([
      { id: 1, b: 'b', extra: 5 },
      { id: 2, b: null, extra: 5 },
      { id: 3, b: 'tab\there\n', extra: 5 },
    ]);
  });

  test('by the program of the report’s command runs the very file that was proved', async () => {
    const result = await prepared();
    const { file = '', sha256 = '' } = result.saved ?? {};
    await expect(fixture.putBackInPod({ file, sha256 })).rejects.toMatchObject({
      type: 'SalvageFailed',
      message: saying('Apply the corrected migration first'),
    });
    await fixture.sql(upgrade);
    expect(await fixture.putBackInPod({ file, sha256 })).toEqual({ putBack: file });
    expect(await fixture.sql(`SELECT count(*) FROM papers WHERE score = id`)).toEqual([{ count: '60' }]);
    await fixture.sql('ALTER TABLE papers DROP note');
    await expect(fixture.putBackInPod({ file, sha256 })).rejects.toMatchObject({
      message: saying('note is not there'),
    });
    expect(await fixture.putBackInPod({ file, sha256, partly: true })).toEqual({ putBack: file });
    await expect(fixture.putBackInPod({ file, sha256: '0'.repeat(64) })).rejects.toMatchObject({
      message: saying('has changed'),
    });
  });

  test('rows whose parents were deleted meanwhile are refused, or left out and counted', async () => {
    const links =
      'CREATE TABLE links (paper_id bigint REFERENCES papers, url text, PRIMARY KEY (paper_id, url))';
    await fixture.sql(`${papers}; ${links}; INSERT INTO links SELECT id, 'x' FROM papers`);
    const result = await fixture.keep([table('links', 60)]);
    await fixture.sql(`DROP TABLE links; ${links}; DELETE FROM papers WHERE id < 4`);
    await expect(fixture.putBack(result)).rejects.toMatchObject({
      stderr: expect.stringMatching(/violates foreign key.*left out with PGOPTIONS/s) as string,
    });
    expect(await fixture.putBack(result, '-c backstep.partly=on')).toContain(
      '57 inserted, 0 given their old values, 3 left out, since what they refer to is gone',
    );
    expect(await fixture.sql(`SELECT count(*) FROM links`)).toEqual([{ count: '57' }]);
  });

  test('a value that no longer fits fails as a whole, and is not cut', async () => {
    const result = await prepared();
    await fixture.sql(upgrade.replace('b text', 'b varchar(3)'));
    await expect(fixture.putBack(result)).rejects.toMatchObject({ stderr: saying('too long') });
    expect(await fixture.sql(`SELECT count(*) FROM papers WHERE score IS NOT NULL`)).toEqual([
      { count: '0' },
    ]);
  });

  test('a row that vanishes on the way is noticed', async () => {
    const result = await prepared();
    await fixture.sql(`${upgrade}; CREATE RULE none AS ON INSERT TO scores DO INSTEAD NOTHING`);
    await expect(fixture.putBack(result)).rejects.toMatchObject({
      stderr: saying('of 3 rows for public.scores, 3 are missing'),
    });
  });
});

describe('a salvage', () => {
  const losses = [table('papers', 60)];

  test('that was finished is found again, and made again where its file has changed', async () => {
    await fixture.sql(papers);
    const first = await fixture.keep(losses, { tried: 900 });
    expect(await fixture.keep(losses, { tried: 900 })).toEqual(first);
    truncateSync(fixture.fileOf(first), 200);
    const again = await fixture.keep(losses, { tried: 900 });
    expect(gunzipSync(readFileSync(fixture.fileOf(again))).toString()).toContain('Paper 60');
  });

  test('by two at once is made once', async () => {
    await fixture.sql(papers);
    const [one, two] = await Promise.all([
      fixture.keep(losses, { tried: 901 }),
      fixture.keep(losses, { tried: 901 }),
    ]);
    expect(two).toEqual(one);
  });

  test('with fewer rows than the rehearsal lost is no salvage, and leaves no file', async () => {
    await fixture.sql(papers);
    const kept = fixture.keep([table('papers', 61)], { tried: 902 });
    await expect(kept).rejects.toMatchObject({
      type: 'SalvageFailed',
      message: saying('60 rows to keep, but the rehearsal lost 61'),
    });
    const file = await fixture.keep(losses, { tried: 903 });
    expect(() => readFileSync(join(fixture.volume, (file.saved?.file ?? '').replace('903', '902')))).toThrow(
      'ENOENT',
    );
  });

  test('in a bucket is proved there, and put back from there', async () => {
    const { place, enter, files, remove } = await storage('bucket');
    enter();
    await fixture.sql(papers);
    const { saved: kept } = await fixture.keep(losses, { place, tried: 905 });
    expect(filesIn(files)).toEqual([kept?.file.replace('.sql.gz', '.json'), kept?.file]);
    await fixture.sql(`DELETE FROM papers WHERE id > 20`);
    const { file = '', sha256 = '' } = kept ?? {};
    await fixture.putBackInPod({ file, sha256 }, place);
    expect(await fixture.sql(`SELECT count(*) FROM papers`)).toEqual([{ count: '60' }]);
    await remove();
  });

  test('onto storage that is full, or gone, fails and leaves nothing that looks like one', async () => {
    await fixture.sql(
      `CREATE TABLE noise AS SELECT n, gen_random_uuid() AS u FROM generate_series(1, 20000) n`,
    );
    const small = await smallFileSystem(64);
    vi.stubEnv('BACKSTEP_BACKUPS', small.path);
    const noise = [table('noise', 20_000)];
    await expect(fixture.keep(noise)).rejects.toMatchObject({
      type: 'SalvageFailed',
      message: saying('ENOSPC'),
    });
    expect(filesIn(small.path)).toEqual([]);
    await small.remove();
    const { place, enter, leave, remove } = await storage('bucket');
    enter();
    await leave();
    await expect(fixture.keep(noise, { place })).rejects.toMatchObject({ type: 'SalvageFailed' });
    await remove();
    vi.stubEnv('BACKSTEP_BACKUPS', fixture.volume);
  });

  test('of rows that row security hides fails', async () => {
    await fixture.sql(`${papers}; ALTER TABLE papers ENABLE ROW LEVEL SECURITY; ALTER TABLE papers FORCE ROW LEVEL SECURITY;
      CREATE POLICY few ON papers USING (id < 5)`);
    await expect(fixture.keep(losses)).rejects.toMatchObject({ message: saying('row-level security') });
  });

  test('says what it cannot keep', async () => {
    await fixture.sql(
      `${papers}; ALTER TABLE papers ADD picture oid; UPDATE papers SET picture = lo_from_bytea(0, 'large')`,
    );
    expect(await fixture.keep([column('papers.picture', 60), table('gone', 4)])).toMatchObject({
      salvaged: [{ object: 'papers.picture', rows: 60 }],
      lost: [{ object: 'gone' }],
      notes: [
        'gone: the database has no such table.',
        'papers.picture: the numbers are kept, large objects that they may name are not.',
      ],
    });
  });

  test('never touches the revision that Alembic keeps', async () => {
    await fixture.sql(
      `CREATE TABLE alembic_version (version_num text PRIMARY KEY); INSERT INTO alembic_version VALUES ('0005')`,
    );
    expect(await fixture.keep([{ kind: 'rows', object: 'alembic_version', rows: 1 }])).toEqual({
      salvaged: [],
      lost: [],
      notes: [],
    });
  });
});
