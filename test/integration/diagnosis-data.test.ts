import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recall, rememberRehearsal } from '../../src/probes/diagnosis/memory.ts';
import type { ActivityContext, ServerAccess } from '../../src/activities/context.ts';
import { plansBeforeAndAfter, plansOn } from '../../src/activities/rehearsal/remembered.ts';
import { counts } from '../../src/postgres/catalog.ts';
import { withClient } from '../../src/postgres/connect.ts';
import { examplePlan } from '../example-plan.ts';
import { diagnosisFixture, type DiagnosisFixture } from './fixtures/diagnosis-fixture.ts';

let fixture: DiagnosisFixture;
beforeAll(async () => {
  fixture = await diagnosisFixture();
  await fixture.sql(`CREATE TABLE scores (paper_id bigint, value double precision)`);
  await fixture.sql(`INSERT INTO scores VALUES (1, 2), (2, 3), (3, 4)`);
});
afterAll(() => fixture.remove());

describe('Scenario 2: data corruption', () => {
  test('rows that violate constraints NOT VALID are counted; one without such rows is only unvalidated', async () => {
    await fixture.sql(`
      ALTER TABLE scores ADD CONSTRAINT scores_value_check CHECK (value < 3) NOT VALID;
      ALTER TABLE scores ADD CONSTRAINT scores_paper_check CHECK (paper_id > 0) NOT VALID`);
    await fixture.asSuperuser(
      fixture.name,
      `SET session_replication_role = replica; INSERT INTO scores SELECT 90000 + n, 0 FROM generate_series(1, 12) n`,
    );
    await fixture.sql(
      `ALTER TABLE scores ADD CONSTRAINT scores_paper_fk FOREIGN KEY (paper_id) REFERENCES papers (id) NOT VALID`,
    );
    const { evidence } = await fixture.see();
    expect(evidence('constraint-violated')).toEqual([
      '12 rows violate foreign key constraint scores.scores_paper_fk, which was never validated',
      '2 rows violate check constraint scores.scores_value_check, which was never validated',
    ]);
    expect(evidence('constraint-unvalidated')).toEqual([
      'check constraint scores.scores_paper_check was never validated; no row violates it',
    ]);
    await fixture.sql(
      `ALTER TABLE scores DROP CONSTRAINT scores_value_check, DROP CONSTRAINT scores_paper_check, DROP CONSTRAINT scores_paper_fk`,
    );
  });

  test('nulls, duplicates and orphans that the definition forbids; a column that is not there is named', async () => {
    await fixture.sql(
      `INSERT INTO scores VALUES (NULL, NULL), (NULL, 1), (77, 1), (77, 1), (78, 1), (78, 1), (78, 1)`,
    );
    const { evidence, notSeen } = await fixture.see({
      forbid: {
        nulls: ['scores.paper_id', 'public.scores.value', 'ledger.entries.at', 'scores.colour'],
        duplicates: [
          { table: 'scores', columns: ['paper_id', 'value'] },
          { table: 'ledger.entries', columns: ['at'] },
        ],
        orphans: [
          { column: 'scores.paper_id', references: 'papers.id' },
          { column: 'odd "name".paper_id', references: 'papers.id' },
        ],
      },
    });
    expect(evidence('nulls')).toEqual([
      'scores.paper_id is null in 2 rows',
      'public.scores.value is null in 1 rows',
    ]);
    const { rows } = await fixture.sql(
      `SELECT count(*)::int AS pairs FROM (SELECT FROM scores WHERE paper_id IS NOT NULL AND value IS NOT NULL GROUP BY paper_id, value HAVING count(*) > 1) x`,
    );
    expect(evidence('duplicates')).toEqual([
      `${rows[0].pairs} values of scores (paper_id, value) are there more than once`,
    ]);
    expect(evidence('orphans')).toEqual(['12 rows with scores.paper_id without papers.id']);
    expect(notSeen).toEqual([expect.stringMatching(/^nulls of scores\.colour: .*"colour" does not exist/)]);
  });
});

describe('Scenario 3: performance degradation', () => {
  const queries = [
    { name: 'AI papers', query: `SELECT * FROM big WHERE domain = 'AI'` },
    { name: 'a page', query: `SELECT * FROM big LIMIT 10` },
  ];

  test('a table scan where an index was used before, the index that is missed, and the cost', async () => {
    await fixture.sql(`
      CREATE TABLE big AS SELECT n AS id, CASE WHEN n % 1000 = 0 THEN 'AI' ELSE 'other' END AS domain, repeat('x', 100) AS filling
        FROM generate_series(1, 20000) n;
      CREATE INDEX big_domain ON big (domain);
      ANALYZE big`);
    await fixture.migrate('0010', 'CREATE INDEX big_id ON big (id)');
    const healthy = await fixture.see({ queries, indexes: ['big_domain'] }, { from: '0010', target: '0009' });
    expect(healthy.signs).toEqual([]);

    await fixture.migrate('0011', 'DROP INDEX big_domain; ALTER TABLE big ADD COLUMN score int');
    const { evidence } = await fixture.see(
      { queries, indexes: ['big_domain'] },
      { from: '0011', target: '0010' },
    );
    expect(evidence('table-scan')).toEqual([
      expect.stringMatching(
        /^query “AI papers” reads all 20,000 rows of big \(at 0010 on [\d-]+: big_domain\)$/,
      ),
    ]);
    expect([...evidence('plan-worse'), ...evidence('plan-far-worse')]).toEqual([
      expect.stringMatching(/^query “AI papers” costs .* times what it did/),
    ]);
    expect(evidence('index-missing')).toEqual(['index big_domain of the definition is not there']);
  });

  test('the rehearsal tells what the downgrade does to the plans, and keeps those at the target', async () => {
    const plan = examplePlan({ from: '0021', target: '0020' }, { diagnosis: { queries } });
    const database: ServerAccess['database'] = (_, use) => withClient(fixture.url, {}, use);
    const context = { plan, service: plan.service, storage: fixture.storage, database } as ActivityContext;
    const without = await plansOn(context, 'radar');
    await fixture.sql('CREATE INDEX big_domain ON big (domain)');
    const mends = await plansBeforeAndAfter(context, 'radar', without);
    expect(mends[0]).toMatch(
      /^The downgrade mends it: at 0021 query “AI papers” reads all 20,000 rows of big/,
    );
    const withIndex = await plansOn(context, 'radar');
    const kept = { service: 'radar', server: plan.database.server, database: 'radar', revision: '0020' };
    expect((await recall(fixture.storage, kept))?.plans).toEqual(withIndex);
    await fixture.sql('DROP INDEX big_domain');
    const worse = await plansBeforeAndAfter(context, 'radar', withIndex);
    expect(worse[0]).toMatch(/^After the downgrade query “AI papers” reads all 20,000 rows of big/);
    expect(await plansBeforeAndAfter(context, 'radar', without)).toEqual([]);
  });

  test('what was there at this revision at the first look, and is gone, whoever removed it', async () => {
    await fixture.sql(`DROP INDEX papers_recent; ALTER TABLE big DROP COLUMN filling`);
    const { evidence } = await fixture.see({}, { from: '0011' });
    const at = String.raw`there at 0011 on \d{4}-\d\d-\d\d \d\d:\d\d UTC, and gone`;
    expect(evidence('index-missing')).toEqual([expect.stringMatching(`^index papers_recent: ${at}$`)]);
    expect(evidence('schema-lost')).toEqual([expect.stringMatching(`^column big.filling: ${at}$`)]);
    // A second look does not take it for the rule.
    expect((await fixture.see({}, { from: '0011' })).evidence('schema-lost')).toHaveLength(1);
  });

  test('big indexes that nobody uses, and big tables that are read from end to end', async () => {
    await fixture.sql(`
      CREATE INDEX big_all ON big (md5(id::text), md5(domain)) WITH (fillfactor = 10);
      ANALYZE big;
      DO $$ BEGIN FOR n IN 1..60 LOOP PERFORM count(*) FROM big WHERE score = n; END LOOP; END $$`);
    await fixture.asSuperuser(fixture.name, 'SELECT pg_stat_force_next_flush()');
    await expect
      .poll(async () => (await fixture.see()).evidence('scans-many'), { timeout: 15_000 })
      .toEqual([expect.stringMatching(/^table big \(20,000 rows\) was read from end to end \d+ times$/)]);
    expect((await fixture.see()).evidence('index-unused')).toEqual([
      expect.stringMatching(/^index big_all on big \([\d.]+ MB\) was never used/),
    ]);
  });

  test('a query that cannot be planned is named, and one that would write is not executed', async () => {
    const before = await withClient(fixture.url, {}, counts);
    const { notSeen } = await fixture.see({
      queries: [
        { name: 'wrong', query: 'SELECT colour FROM papers' },
        { name: 'two', query: 'SELECT 1; DELETE FROM papers' },
        { name: 'writes', query: 'DELETE FROM papers' },
      ],
    });
    expect(notSeen).toEqual([
      expect.stringMatching(/query “wrong”: .*colour/),
      expect.stringMatching(/query “two”: .*multiple commands/),
    ]);
    expect(await withClient(fixture.url, {}, counts)).toEqual(before);
  });
});

test('a downgrade that was rehearsed is told with its end; by another image, or another one, it is not', async () => {
  const of = { service: 'radar', server: fixture.name, database: fixture.name, from: '0005', target: '0004' };
  const seen = async (change = {}) => {
    const found = await fixture.see({}, change);
    return [...found.evidence('rehearsed'), ...found.evidence('rehearsal-failed')];
  };
  expect(await seen()).toEqual([]);
  await rememberRehearsal(fixture.storage, of, { image: 'radar:new', seconds: 3 });
  expect(await seen()).toEqual([
    expect.stringMatching(/^0005 → 0004, rehearsed .* UTC, works on a copy, in 3 s$/),
  ]);
  expect(await seen({ target: '0003' })).toEqual([]);
  await rememberRehearsal(fixture.storage, of, { image: 'radar:new', failed: 'no such column' });
  expect(await seen()).toEqual([expect.stringMatching(/ fails on a copy: no such column$/)]);
  await rememberRehearsal(fixture.storage, of, { image: 'radar:newer', failed: 'no such column' });
  expect(await seen()).toEqual([]);
});
