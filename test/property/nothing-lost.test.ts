import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quoted, withClient } from '../../src/postgres/connect.ts';
import type { SalvageFile } from '../../src/domain/salvage.ts';
import { cases } from './arbitraries.ts';
import { watchStatements } from './faults.ts';
import { history } from './history.ts';
import { allPutBack, openAgain, restored, stopAgain, toTheTarget } from './in-order.ts';
import { upgrade } from './migrations.ts';
import { breakages, type Case } from './model.ts';
import { operationOn } from './operation.ts';
import { look, type Rollback } from './rollback.ts';
import { missing } from './rows.ts';
import { dropAll, surroundings, type Surroundings } from './surroundings.ts';

const run = promisify(execFile);
const wanted = Number(process.env['BACKSTEP_CASES'] ?? 200);
/** In CI always the same cases, so that what fails there is about the change; elsewhere others each time. */
const ownSeed = process.env['CI'] === undefined ? Date.now() % 1_000_000_000 : 706_583_445;
const seed = Number(process.env['BACKSTEP_SEED'] ?? ownSeed);
/** Generous, since what is measured is not speed; a case takes a second or two on an idle machine. */
const within = Math.max(400_000, wanted * 10_000);
/** Cases run beside each other, each lane with a seed of its own. */
const lanes = 3;

let all: Surroundings;
let made = 0;
const ends = ['put back', 'restored', 'rolled back', 'rolled back, salvaged and put back'] as const;
type End = (typeof ends)[number];
const ended: Partial<Record<End, number>> = {};
const broken: Partial<Record<Case['breakage'], number>> = {};
/** Steps that really ended badly, by what they said. */
const failed: string[] = [];

beforeAll(async () => {
  watchStatements();
  all = await surroundings();
});
afterAll(() => all.remove());

/** Where one case goes: a database of its own, its migrations, its operation. */
async function begin(it: Case): Promise<Rollback> {
  const name = `property_${all.id}_${++made}e`;
  const directory = join(all.directory, name);
  mkdirSync(directory);
  const place = { surroundings: all, directory };
  const of = operationOn(place, it, name, history(it, directory));
  await all.asAdmin((admin) => admin.query(`CREATE DATABASE ${quoted(name)} OWNER ${all.owner}`));
  await upgrade(place, name, of.history.target);
  const write = (statements: string[], refused: boolean) =>
    withClient(all.url(name), {}, async (client) => {
      // What the application is refused, it does not write.
      for (const each of statements)
        await client.query(each).catch((error: unknown) => refused || raise(error));
    });
  await write(of.history.schema.fill, false);
  await upgrade(place, name, of.history.from);
  await write(of.history.writes, true);
  of.before = await look(of, name);
  return of;
}

const raise = (error: unknown): never => {
  throw error;
};

async function property(it: Case): Promise<End> {
  const of = await begin(it);
  try {
    return await rolledBack(of);
  } finally {
    failed.push(...of.failed);
    await dropAll(all, of.name);
  }
}

async function rolledBack(of: Rollback): Promise<End> {
  const came = await toTheTarget(of);
  if (came.to === 'refused') {
    await allPutBack(of, false);
    return 'put back';
  }
  if (came.to === 'moved') {
    await openAgain(of);
    await upgrade(of, of.name, of.history.from);
    if (came.salvaged !== undefined) await putSalvageBack(of, came.salvaged);
    const after = await look(of, of.name);
    // Where nothing was rehearsed nothing could be salvaged: the way back alone keeps it.
    if (came.ways.rehearsal.rehearsed) expect(missing(of.before.rows, after.rows)).toEqual([]);
    expect(after.behind).toEqual(of.before.behind);
    if (of.it.restoreFrom !== 'nothing') await stopAgain(of);
  }
  if (came.to === 'wrong' || of.it.restoreFrom !== 'nothing') {
    await restored(of, came.ways);
    await allPutBack(of, true);
  }
  if (came.to === 'wrong') return 'restored';
  return came.salvaged === undefined ? 'rolled back' : 'rolled back, salvaged and put back';
}

/** The command that the head of the script names; where the case breaks it, first with a psql that dies in it. */
async function putSalvageBack(of: Rollback, { file }: SalvageFile): Promise<void> {
  const env = {
    ...process.env,
    FILE: join(all.directory, 'backups', file),
    DATABASE_URL: all.url(of.name),
  };
  const bash = (command: string) => run('bash', ['-o', 'pipefail', '-c', command], { env });
  const psql = 'psql "$DATABASE_URL" -X -v ON_ERROR_STOP=1';
  if (of.it.breakage === 'psql killed in the put-back of salvage') {
    const before = await look(of, of.name);
    await bash(
      `gunzip --stdout "$FILE" | { head --lines=-2; sleep 0.2; } | { ${psql} & sleep 0.15; kill -9 $!; }`,
    ).catch(() => {});
    of.failed.push(of.it.breakage);
    expect((await look(of, of.name)).rows).toEqual(before.rows);
  }
  await bash(`gunzip --stdout "$FILE" | ${psql}`);
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
      // A smaller one takes minutes to be found.
      endOnFailure: process.env['BACKSTEP_SHRINK'] === 'no',
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
  const harmless = ['none', 'every step twice', 'cloning takes too long'];
  const neverFailed = breakages.filter(
    (name) => !harmless.includes(name) && ![...counts.keys()].some((said) => said.includes(name)),
  );
  // By chance a kind may have come only where it had nothing to break.
  expect(neverFailed.length, neverFailed.join(', ')).toBeLessThanOrEqual(1);
});
