import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planBlocks } from '../../src/views/plan.ts';
import { markdown } from '../../src/views/render/markdown.ts';
import { examplePlan, observations } from '../example-plan.ts';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).map((file) => `src/${file}`);

/** Files that a source file imports, types and `import()` included. */
function importsOf(file: string): string[] {
  const names = readFileSync(file, 'utf8').matchAll(/(?:\bfrom|\bimport|\bimport\() ?'(\.{1,2}\/[^']+)'/g);
  return [...names].map(([, name = '']) => join(dirname(file), name));
}

/** A kind of thing: the folder with its registry, `index.ts`, and what of the folder all implementations share. */
const kinds = [
  { kind: 'migration tool', folder: 'src/migrations', shared: ['tool.ts', 'version-table.ts'] },
  { kind: 'dump place', folder: 'src/dumps/places', shared: [] },
  { kind: 'snapshot kind', folder: 'src/snapshots', shared: ['kind.ts'] },
  { kind: 'recovery provider', folder: 'src/recovery', shared: ['provider.ts', 'failure.ts', 'wait.ts'] },
  {
    kind: 'notification channel',
    folder: 'src/notifications',
    shared: ['channel.ts', 'failure.ts', 'post.ts'],
  },
  { kind: 'alert source', folder: 'src/triggers', shared: ['trigger.ts', 'payload.ts', 'signature.ts'] },
];

/** What belongs to one implementation: `azure.ts` and `azure/`, or all of `alembic/`. */
const implementationOf = (folder: string, file: string): string =>
  file.slice(folder.length + 1).replace(/(\.ts|\/.*)$/, '');

describe('a kind of thing is known to its implementation, its schema and its registry', () => {
  it.each(kinds)('$kind: only the registry imports an implementation', ({ folder, shared }) => {
    const registry = `${folder}/index.ts`;
    const others = [registry, ...shared.map((file) => `${folder}/${file}`)];
    const isPart = (file: string) => file.startsWith(`${folder}/`) && !others.includes(file);
    expect(importsOf(registry).some(isPart)).toBe(true);
    const found = files
      .filter((file) => file.endsWith('.ts') && file !== registry)
      .flatMap((file) =>
        importsOf(file)
          .filter(isPart)
          .filter(
            (part) => !isPart(file) || implementationOf(folder, file) !== implementationOf(folder, part),
          )
          .map((part) => `${file} imports ${part}`),
      );
    expect(found).toEqual([]);
  });

  it('migration tool: nothing else in src names Alembic', () => {
    const allowed = [
      /^src\/migrations\/alembic\//,
      // The lines that register it.
      /^src\/migrations\/index\.ts$/,
      /^src\/domain\/definition\/(alembic|migrations)\.ts$/,
    ];
    const sources = files.filter((file) => /\.\w+$/.test(file));
    expect(sources.length).toBeGreaterThan(100);
    const named = sources
      .filter((file) => !allowed.some((pattern) => pattern.test(file)))
      .flatMap((file) =>
        readFileSync(file, 'utf8')
          .split('\n')
          .flatMap((line, at) => (/alembic/i.test(line) ? [`${file}:${at + 1}: ${line.trim()}`] : [])),
      );
    expect(named).toEqual([]);
  });

  it.each([
    ['0005_scoring.py', '```python'],
    ['0005_scoring.down.sql', '```sql'],
    ['0005_scoring', '```'],
  ])('migration tool: the source of %s is shown as what its file is', (path, fence) => {
    const plan = examplePlan();
    plan.reverts = [{ revision: '0005', parents: ['0004'], message: 'add scoring fields', path }];
    const seen = { ...observations, downgrades: [{ revision: '0005', text: 'the way down' }] };
    expect(markdown(planBlocks(plan, 'hash', seen))).toContain(`${fence}\nthe way down\n`);
  });
});
