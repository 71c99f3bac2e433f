import { readFileSync } from 'node:fs';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { current } from '../../lab/lab.ts';

const root = new URL('../..', import.meta.url).pathname;
const tables = ['papers', 'repositories', 'paper_repo_links', 'opportunities', 'scores', 'alembic_version'];

test('`npm run demo` in a running lab: rolled back, every row accounted for, the lab left up', async () => {
  const before = await current();
  expect(before).toBeDefined();

  const demo = await execa('npm', ['run', 'demo', '--', '--yes'], { cwd: root, all: true, reject: false });

  expect(demo.exitCode, demo.all).toBe(0);
  expect(demo.stdout).toMatch(/Gate downgrade: approve plan [0-9a-f]{12}\? .*Approved/);
  expect(demo.stdout).toMatch(/Revision +0005 -> 0004/);
  for (const step of ['stop-writes', 'back-up', 'downgrade', 'verify', 'roll-back-app', 'start-app'])
    expect(demo.stdout).toMatch(new RegExp(`\\d s +✔ ${step}\\b`));
  for (const table of tables) expect(demo.stdout).toMatch(new RegExp(`^ +${table} +\\d+`, 'm'));
  const [, markdown = '', json = ''] = /Report +(\S+\.md)\s+(\S+\.json)/.exec(demo.stdout) ?? [];
  expect(readFileSync(markdown, 'utf8')).toContain('# Rollback of deeptech-radar: rolled-back');
  expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({ outcome: 'rolled-back' });

  expect((await current())?.processes).toEqual(before?.processes);
});
