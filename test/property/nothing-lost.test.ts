import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { catalog, counts } from '../../src/postgres/catalog.ts';
import { quoted, withClient } from '../../src/postgres/connect.ts';
import { dropDatabase } from '../../src/postgres/databases.ts';
import { Failure } from '../../src/runbook/failures.ts';
import type { OperationId } from '../../src/runbook/names.ts';
import { shortHash } from '../../src/runbook/hash.ts';
import { cases } from './arbitraries.ts';
import { downgrade, unlikeMigrations, verify } from './downgrade.ts';
import { history } from './history.ts';
import { upgrade } from './migrations.ts';
import { breakages, type Case } from './model.ts';
import { restoreFromBackup, restoreFromPoint } from './restore.ts';
import * as rollback from './rollback.ts';
import { allRows, behind, missing } from './rows.ts';
import { dropAll, world, type World } from './world.ts';

const run = promisify(execFile);
const wanted = Number(process.env['BACKSTEP_CASES'] ?? 200);
const seed = Number(process.env['BACKSTEP_SEED'] ?? Math.floor(Date.now() % 1_000_000_000));
/** Generous, since what is measured is not speed; a case takes a second or two on an idle machine. */
const within = Math.max(400_000, wanted * 10_000);
/** Cases run beside each other, each lane with a seed of its own. */
const lanes = 3;

let all: World;
let made = 0;
const ends = ['put back', 'restored', 'rolled back', 'rolled back, salvaged and put back'] as const;
type End = (typeof ends)[number];
const ended: Partial<Record<End, number>> = {};
const broken: Partial<Record<Case['breakage'], number>> = {};
/** Steps that really ended badly, by what they said. */
const failed: string[] = [];

beforeAll(async () => {
  all = await world();
});
afterAll(() => all.remove());

/** Where one case goes: a database of its own, its migrations, its operation. */
async function begin(it: Case): Promise<rollback.Rollback> {
  const name = `property_${all.id}_${++made}e`;
  const operation: OperationId = `bs-${shortHash([all.id, made]).slice(0, 8)}`;
  const directory = join(all.directory, name);
  mkdirSync(directory);
  const of = {
    world: all,
    it,
    operation,
    directory,
    ...rollback.placed(name, operation),
    history: history(it, directory),
    failed,
  };
  await all.asAdmin((admin) => admin.query(`CREATE DATABASE ${quoted(name)} OWNER ${all.owner}`));
  await upgrade(of, name, of.history.target);
  return withClient(all.url(name), {}, async (client) => {
    const targetCatalog = await catalog(client);
    for (const statement of of.history.schema.fill) await client.query(statement);
    return { ...of, targetCatalog };
  });
}

/** What a person who stopped here would find. */
const read = (database: string) =>
  withClient(all.url(database), {}, async (client) => ({
    rows: await allRows(client),
    behind: await behind(client),
    catalog: await catalog(client),
    counts: await counts(client),
  }));

async function property(it: Case): Promise<End> {
  const of = await begin(it);
  try {
    await upgrade(of, of.name, of.history.from);
    await withClient(all.url(of.name), {}, async (client) => {
      // What the application is refused, it does not write.
      for (const statement of of.history.writes) await client.query(statement).catch(() => {});
    });
    return await rolledBack(of);
  } finally {
    await dropAll(all, of.name);
  }
}

async function rolledBack(of: rollback.Rollback): Promise<End> {
  const before = await read(of.name);
  const whole = (await rollback.fingerprintOf(of, of.name)).parts;
  const asBefore = async (database: string) =>
    expect((await rollback.fingerprintOf(of, database)).parts).toEqual(whole);

  await rollback.stopWrites(of);
  const point = await rollback.restorePoint(of);
  const backup = await rollback.takeBackup(of);
  const refused = async () => {
    await rollback.openAgain(of);
    await asBefore(of.name);
    return 'put back' as const;
  };
  let rehearsed: rollback.Rehearsed;
  try {
    rehearsed = await rollback.rehearse(of, point);
  } catch (error) {
    if (!(error instanceof Failure && error.type === 'DowngradeFailed')) throw error;
    return refused();
  }
  if (unlikeMigrations(of, rehearsed, before).length > 0) return refused();
  const kept = await rollback.keep(of, rehearsed);
  expect(kept.lost).toEqual([]);
  await all.asAdmin((admin) => dropDatabase(admin, rehearsed.copy, of.operation));
  await asBefore(of.aside);

  const at = await downgrade(of);
  const wrong = at === of.history.target ? await verify(of, rehearsed, before) : [at];
  if (wrong.length === 0) {
    await rollback.openAgain(of);
    await upgrade(of, of.name, of.history.from);
    await putBack(of, kept);
    const after = await read(of.name);
    expect(missing(before.rows, after.rows)).toEqual([]);
    expect(after.behind).toEqual(before.behind);
    await rollback.stopWrites(of);
  }
  if (of.it.restoreFrom === 'point') await restoreFromPoint(of, point);
  else await restoreFromBackup(of, backup);
  await asBefore(of.aside);
  if (wrong.length > 0) return 'restored';
  return kept.kept === undefined ? 'rolled back' : 'rolled back, salvaged and put back';
}

/** The command that the head of the script names. */
async function putBack(
  of: rollback.Rollback,
  { kept }: Awaited<ReturnType<typeof rollback.keep>>,
): Promise<void> {
  if (kept === undefined) return;
  const file = join(all.directory, 'backups', kept.file);
  await run(
    'bash',
    ['-o', 'pipefail', '-c', 'gunzip --stdout "$FILE" | psql "$DATABASE_URL" -X -v ON_ERROR_STOP=1'],
    {
      env: { ...process.env, FILE: file, DATABASE_URL: all.url(of.name) },
    },
  );
}

test.concurrent.each(Array.from({ length: lanes }, (_, lane) => lane))(
  `law 1: whatever is rolled back, and whatever breaks, nothing is lost (seed ${seed}, lane %i)`,
  async (lane) => {
    const arbitrary = fc.asyncProperty(cases(), async (it) => {
      const how = await property(it);
      ended[how] = (ended[how] ?? 0) + 1;
      broken[it.breakage] = (broken[it.breakage] ?? 0) + 1;
    });
    await fc.assert(arbitrary, {
      seed: seed + lane,
      numRuns: Math.ceil(wanted / lanes),
      interruptAfterTimeLimit: within,
      markInterruptAsFailure: true,
    });
  },
  within + 20_000,
);

test('every way to end was taken, and every breakage', () => {
  console.log(`seed ${seed}: ${made} cases; ${JSON.stringify(ended)}; ${JSON.stringify(broken)}`);
  const counts = new Map<string, number>();
  for (const each of failed) counts.set(each, (counts.get(each) ?? 0) + 1);
  console.log(`broken on the way: ${JSON.stringify(Object.fromEntries(counts))}`);
  // A few cases may miss some.
  if (wanted < 150) return;
  expect(Object.keys(ended).toSorted()).toEqual([...ends].toSorted());
  expect(Object.keys(broken).toSorted()).toEqual([...breakages].toSorted());
  const harmless = ['none', 'every step twice'];
  const neverFailed = breakages.filter(
    (name) => !harmless.includes(name) && ![...counts.keys()].some((said) => said.includes(name)),
  );
  // By chance a kind may have come only where it had nothing to break.
  expect(neverFailed.length, neverFailed.join(', ')).toBeLessThanOrEqual(1);
});
