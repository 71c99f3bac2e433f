import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { parse } from 'yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tokensIn } from '../../src/gateway/people/tokens.ts';
import { readKeys, readPrivateKey } from '../../src/identity/keys.ts';
import { serviceDefinition } from '../../src/domain/definition/service.ts';
import { blocksOf, markedIn } from '../docs.ts';
import { definitionSource } from '../example-plan.ts';

const page = 'docs/identity.md';
const root = new URL('../..', import.meta.url).pathname;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'backstep-identity-docs-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** As a person types it; `backstep` is the one of the sources. */
async function typed(mark: string): Promise<string> {
  const [script = ''] = markedIn(page, mark);
  const tsx = `--import file://${root}node_modules/tsx/dist/esm/index.mjs`;
  const backstep = `backstep() { '${process.execPath}' ${tsx} '${root}src/cli.ts' "$@"; }`;
  const { stdout } = await execa('bash', ['-euc', `${backstep}\n${script}`], {
    cwd: directory,
    stdin: 'ignore',
  });
  return stdout;
}

test('the command makes the keys that are described', async () => {
  expect(await typed('identity-keys')).toContain('BACKSTEP_GATEWAY_KEYS');
  const { kid } = await readPrivateKey(join(directory, 'keys/gateway.key.json'));
  const { keys } = await readKeys(join(directory, 'keys/gateway.keys.json'));
  expect(keys.map((key) => key.kid)).toEqual([kid]);
});

test('the token that is made proves the person with the roles', async () => {
  const token = await typed('identity-token');
  expect(token).toMatch(/^[\w-]{43}$/);
  const tokens = tokensIn(join(directory, 'tokens'));
  expect(await tokens.personOf(token)).toEqual({ name: 'ann', roles: ['dba', 'sre'], method: 'token' });
  expect(await tokens.personOf(`${token}x`)).toBeUndefined();
});

test('the policy that is called the default is the default', () => {
  const [first] = blocksOf(page).filter(({ language }) => language === 'yaml');
  const shown = parse(first?.text ?? '') as object;
  const { approvals } = serviceDefinition.parse({ ...definitionSource(), ...shown });
  expect(approvals).toEqual(serviceDefinition.parse(definitionSource()).approvals);
});
