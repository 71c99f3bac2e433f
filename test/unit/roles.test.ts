import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fitting, roleBytes, rolesAskedFor } from '../../src/gateway/people/roles.ts';
import { createKeys, readPrivateKey } from '../../src/identity/keys.ts';
import { sign } from '../../src/identity/statement.ts';
import { approveMessage } from '../../src/domain/approval/messages.ts';
import { longestReason } from '../../src/domain/approval/statement.ts';
import { definitionSource } from '../example-plan.ts';
import { definitionsOf } from '../gateway.ts';

const many = Array.from({ length: 400 }, (_unused, index) => `role-${index}`);

test('roles that a definition asks for are kept, however many others come before them', () => {
  const kept = fitting([...many, 'dba', 'sre', 'dba', ''], new Set(['sre', 'dba', 'cto']));
  expect(kept.slice(0, 2)).toEqual(['dba', 'sre']);
  expect(kept.length).toBeLessThanOrEqual(50);
  for (const letter of ['漢', '\u0001', 'x']) {
    const long = many.map((role) => `${letter.repeat(90)}${role}`.slice(0, 100));
    expect(Buffer.byteLength(JSON.stringify(fitting(long, new Set())))).toBeLessThanOrEqual(roleBytes);
  }
  expect(fitting(['dba', 'oncall'], new Set())).toEqual(['dba', 'oncall']);
});

const gate = (role: string) => ({ people: 1, roles: [role] });

test('the roles asked for are those of every gate and of the broken glass, in all definitions', async () => {
  const approvals = {
    start: gate('a'),
    downgrade: gate('b'),
    base: gate('c'),
    loss: gate('d'),
    restore: gate('e'),
  };
  const definitions = definitionsOf([
    { ...definitionSource('one'), approvals },
    { ...definitionSource('two'), approvals: { breakGlass: { roles: ['f'] } } },
  ]);
  expect([...(await rolesAskedFor(definitions, Date.now)())].toSorted()).toEqual([
    'a',
    'b',
    'c',
    'd',
    'e',
    'f',
  ]);
});

test('whatever a person says, in whatever roles, fits into a message with its proof', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'backstep-roles-'));
  const { privateKey } = await createKeys(directory);
  const said = { gate: 'downgrade', reason: '\u0001'.repeat(longestReason) } as const;
  const proof = await sign(
    {
      operation: 'bs-0a1b2c3d',
      message: 'approve',
      ...said,
      hash: 'f'.repeat(12),
      person: '漢'.repeat(200),
      roles: fitting(many, new Set()),
      method: 'oidc',
      issuer: `https://${'i'.repeat(480)}.example`,
      at: new Date().toISOString(),
    },
    await readPrivateKey(privateKey),
  );
  const message = { ...said, plan: 'f'.repeat(12), by: '漢'.repeat(200), proof };
  expect(approveMessage.safeParse(message).error).toBeUndefined();
  await rm(directory, { recursive: true });
});
