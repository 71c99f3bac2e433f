import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createKeys, readPrivateKey } from '../../src/identity/keys.ts';
import { signStart } from '../../src/identity/statement.ts';
import { shortHash } from '../../src/domain/plan/hash.ts';
import { workflowIdOf } from '../../src/domain/names.ts';
import { rollbackRequest } from '../../src/domain/plan/request.ts';
import { serviceDefinition } from '../../src/domain/definition/service.ts';
import type { StartStatement } from '../../src/domain/approval/start-statement.ts';
import { definitionSource } from '../example-plan.ts';
import type { Play } from './play.ts';
import { Proved } from './proved.ts';
import { theatre } from './theatre.ts';
import type { Casting } from './theatre.ts';

const stage = theatre();
const strict = { selfAsserted: 'refuse', selfApproval: 'refuse' } as const;
type Triggers = NonNullable<NonNullable<Casting['definition']>['triggers']>;
const atOnce: Triggers = [{ source: 'generic', match: { incident: 'one' }, begins: 'at-once' }];
const alert = { source: 'generic', fingerprint: 'f1', rule: 0 } as const;
const hashOf = (triggers: Triggers) =>
  shortHash(serviceDefinition.parse({ ...definitionSource(), triggers }).triggers[0]);

interface Start {
  request: object;
  definition?: Casting['definition'];
  /** Signed by the gateway, with changes to what it states; otherwise sent bare. */
  signed?: Partial<StartStatement> | true;
  key?: string;
}

/** Starts one as a gateway would, or as anybody may who can start workflows in Temporal. */
async function started({ request, definition = {}, signed, key = stage.keys.privateKey }: Start) {
  const service = stage.cast({ definition });
  const asked = rollbackRequest.parse({ service, ...request });
  const at = new Date().toISOString();
  const said = { message: 'start', request: asked, at, ...(signed !== true && signed) } as const;
  const proof = signed && { proof: await signStart(said, await readPrivateKey(key)) };
  return stage.start({ ...asked, ...proof }, workflowIdOf(service));
}

const over = async (play: Play) => {
  await play.handle.cancel();
  await play.result();
};

describe.concurrent('a start that nobody proved', () => {
  test('under another’s name does not let its starter approve alone', async () => {
    const play = await started({ request: { requestedBy: 'bob' }, definition: { approvals: strict } });
    const { hash, people } = await play.gate('start');
    expect(people).toBe(2);
    const proved = new Proved(stage, play);
    const approval = { gate: 'start', plan: hash, by: 'alice' };
    expect(await proved.say('approve', approval)).toContain('1 more person');
    expect(await proved.refusal('approve', approval)).toContain('has approved already');
    expect(play.calls('stop-writes')).toEqual([]);
    expect(await proved.say('approve', { ...approval, by: 'bob' })).toContain('passed');
    expect(await play.gate('downgrade')).toMatchObject({ people: 2 });
    await over(play);
  });

  test.each([
    ['says itself how the gateway proved it', { requestedBy: 'bob', requestedVia: 'oidc' }],
    ['says itself that an alert asks', { alert: { ...alert, ruleHash: hashOf(atOnce) } }],
    [
      'says that an alert asks, by a person',
      { requestedBy: 'bob', requestedVia: 'token', alert: { ...alert, ruleHash: hashOf(atOnce) } },
    ],
  ])('that %s waits at gate start, for two people', async (_what, request) => {
    const definition = { approvals: strict, triggers: atOnce };
    const play = await started({ request, definition });
    expect(await play.gate('start')).toMatchObject({ people: 2, wants: { proof: true } });
    expect((await play.progress()).gate?.wants).not.toHaveProperty('notBy');
    expect(play.calls('assess')[0]?.request).not.toHaveProperty('requestedVia');
    await over(play);
  });

  test('that says that an alert asks waits at gate start, where names count and nobody is asked else', async () => {
    const request = { alert: { ...alert, ruleHash: hashOf(atOnce) } };
    const play = await started({ request, definition: { triggers: atOnce } });
    expect(await play.gate('start')).toMatchObject({ people: 1 });
    await over(play);
  });

  const old = new Date(Date.now() - 3_600_000).toISOString();
  test.each<[what: string, changes: Partial<StartStatement>, why: string]>([
    [
      'another person',
      { request: { service: 'radar', target: '-1', requestedBy: 'eve', requestedVia: 'oidc' } },
      'another request',
    ],
    ['an hour ago', { at: old }, 'older than five minutes'],
  ])('for which it was signed for %s is told so, and waits at gate start', async (_what, signed, why) => {
    const request = { requestedBy: 'bob', requestedVia: 'oidc' };
    const play = await started({ request, signed, definition: { approvals: strict } });
    expect(await play.gate('start')).toMatchObject({ people: 2 });
    const { ignored } = await play.progress();
    expect(ignored).toMatchObject([
      { message: 'start', by: 'bob', why: expect.stringContaining(why) as string },
    ]);
    await over(play);
  });

  test('but signed by another key waits at gate start', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'backstep-forger-'));
    const { privateKey } = await createKeys(directory);
    const request = { requestedBy: 'bob', requestedVia: 'oidc' };
    const play = await started({
      request,
      signed: true,
      key: privateKey,
      definition: { approvals: strict },
    });
    expect(await play.gate('start')).toMatchObject({ people: 2 });
    await over(play);
    await rm(directory, { recursive: true });
  });
});

describe.concurrent('a start that the gateway signed', () => {
  test('by a person passes gate start, and that person may not approve, by another method neither', async () => {
    const request = { requestedBy: 'ann', requestedVia: 'token' };
    const play = await started({ request, signed: true, definition: { approvals: strict } });
    const { hash, people, wants } = await play.gate('downgrade');
    expect({ people, wants }).toMatchObject({ people: 1, wants: { notBy: 'ann' } });
    expect(play.calls('assess')[0]).toMatchObject({ request });
    expect(JSON.stringify(play.calls('assess'))).not.toContain('proof');
    const proved = new Proved(stage, play);
    const approval = { gate: 'downgrade', plan: hash, by: 'ann' };
    expect(await proved.refusal('approve', approval)).toContain('started it');
    const oidc = { method: 'oidc', issuer: 'https://id.example' } as const;
    const byOidc = { ...approval, by: 'ann@example.com' };
    expect(await proved.refusal('approve', byOidc, [], oidc)).toContain('two names of one person');
    expect(play.calls('downgrade')).toEqual([]);
    await proved.say('approve', { ...approval, by: 'bob' });
    expect(await play.result()).toMatchObject({ outcome: 'rolled-back' });
  });

  test('by an alert begins at once where its rule says so, and one person may approve', async () => {
    const request = { requestedBy: 'generic', alert: { ...alert, ruleHash: hashOf(atOnce) } };
    const definition = { approvals: strict, triggers: atOnce };
    const play = await started({ request, signed: true, definition });
    expect(await play.gate('downgrade')).toMatchObject({ people: 1 });
    await over(play);
  });

  test('by an alert whose rule the definition has no more at that place waits at gate start', async () => {
    const read: Triggers = [{ source: 'generic', match: { incident: 'two' } }];
    const request = { requestedBy: 'generic', alert: { ...alert, ruleHash: hashOf(read) } };
    const play = await started({ request, signed: true, definition: { triggers: [...atOnce, ...read] } });
    expect(await play.gate('start')).toMatchObject({ people: 1 });
    const { ruleHash: _, ...without } = request.alert;
    const nameless = await started({
      request: { ...request, alert: without },
      signed: true,
      definition: { triggers: atOnce },
    });
    expect(await nameless.gate('start')).toMatchObject({ people: 1 });
    await Promise.all([over(play), over(nameless)]);
  });
});
