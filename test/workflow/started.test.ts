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
import type { WorkflowRun } from './workflow-run.ts';
import { SignedMessages } from './signed-messages.ts';
import { workflowHarness } from './harness.ts';
import type { ServiceSetup } from './harness.ts';

const harness = workflowHarness();
const strict = { selfAsserted: 'refuse', selfApproval: 'refuse' } as const;
type Triggers = NonNullable<NonNullable<ServiceSetup['definition']>['triggers']>;
const atOnce: Triggers = [{ source: 'generic', match: { incident: 'one' }, begins: 'at-once' }];
const alert = { source: 'generic', fingerprint: 'f1', rule: 0 } as const;
const hashOf = (triggers: Triggers) =>
  shortHash(serviceDefinition.parse({ ...definitionSource(), triggers }).triggers[0]);

interface Start {
  request: object;
  definition?: ServiceSetup['definition'];
  /** Signed by the gateway, with changes to what it states; otherwise sent bare. */
  signed?: Partial<StartStatement> | true;
  key?: string;
}

/** Starts one as a gateway would, or as anybody may who can start workflows in Temporal. */
async function started({ request, definition = {}, signed, key = harness.keys.privateKey }: Start) {
  const service = harness.addService({ definition });
  const asked = rollbackRequest.parse({ service, ...request });
  const at = new Date().toISOString();
  const said = { message: 'start', request: asked, at, ...(signed !== true && signed) } as const;
  const proof = signed && { proof: await signStart(said, await readPrivateKey(key)) };
  return harness.startRequest({ ...asked, ...proof }, workflowIdOf(service));
}

const over = async (run: WorkflowRun) => {
  await run.handle.cancel();
  await run.result();
};

describe.concurrent('a start that nobody proved', () => {
  test('under another’s name does not let its starter approve alone', async () => {
    const run = await started({ request: { requestedBy: 'bob' }, definition: { approvals: strict } });
    const { hash, people } = await run.gate('start');
    expect(people).toBe(2);
    const proved = new SignedMessages(harness, run);
    const approval = { gate: 'start', plan: hash, by: 'alice' };
    expect(await proved.say('approve', approval)).toContain('1 more person');
    expect(await proved.refusal('approve', approval)).toContain('has approved already');
    expect(run.calls('stop-writes')).toEqual([]);
    expect(await proved.say('approve', { ...approval, by: 'bob' })).toContain('passed');
    expect(await run.gate('downgrade')).toMatchObject({ people: 2 });
    await over(run);
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
    const run = await started({ request, definition });
    expect(await run.gate('start')).toMatchObject({ people: 2, wants: { proof: true } });
    expect((await run.progress()).gate?.wants).not.toHaveProperty('notBy');
    expect(run.calls('assess')[0]?.request).not.toHaveProperty('requestedVia');
    await over(run);
  });

  test('that says that an alert asks waits at gate start, where names count and nobody is asked else', async () => {
    const request = { alert: { ...alert, ruleHash: hashOf(atOnce) } };
    const run = await started({ request, definition: { triggers: atOnce } });
    expect(await run.gate('start')).toMatchObject({ people: 1 });
    await over(run);
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
    const run = await started({ request, signed, definition: { approvals: strict } });
    expect(await run.gate('start')).toMatchObject({ people: 2 });
    const { ignored } = await run.progress();
    expect(ignored).toMatchObject([
      { message: 'start', by: 'bob', why: expect.stringContaining(why) as string },
    ]);
    await over(run);
  });

  test('but signed by another key waits at gate start', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'backstep-forger-'));
    const { privateKey } = await createKeys(directory);
    const request = { requestedBy: 'bob', requestedVia: 'oidc' };
    const run = await started({
      request,
      signed: true,
      key: privateKey,
      definition: { approvals: strict },
    });
    expect(await run.gate('start')).toMatchObject({ people: 2 });
    await over(run);
    await rm(directory, { recursive: true });
  });
});

describe.concurrent('a start that the gateway signed', () => {
  test('by a person passes gate start, and that person may not approve, by another method neither', async () => {
    const request = { requestedBy: 'ann', requestedVia: 'token' };
    const run = await started({ request, signed: true, definition: { approvals: strict } });
    const { hash, people, wants } = await run.gate('downgrade');
    expect({ people, wants }).toMatchObject({ people: 1, wants: { notBy: 'ann' } });
    expect(run.calls('assess')[0]).toMatchObject({ request });
    expect(JSON.stringify(run.calls('assess'))).not.toContain('proof');
    const proved = new SignedMessages(harness, run);
    const approval = { gate: 'downgrade', plan: hash, by: 'ann' };
    expect(await proved.refusal('approve', approval)).toContain('started it');
    const oidc = { method: 'oidc', issuer: 'https://id.example' } as const;
    const byOidc = { ...approval, by: 'ann@example.com' };
    expect(await proved.refusal('approve', byOidc, [], oidc)).toContain('two names of one person');
    expect(run.calls('downgrade')).toEqual([]);
    await proved.say('approve', { ...approval, by: 'bob' });
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
  });

  test('by an alert begins at once where its rule says so, and one person may approve', async () => {
    const request = { requestedBy: 'generic', alert: { ...alert, ruleHash: hashOf(atOnce) } };
    const definition = { approvals: strict, triggers: atOnce };
    const run = await started({ request, signed: true, definition });
    expect(await run.gate('downgrade')).toMatchObject({ people: 1 });
    await over(run);
  });

  test('by an alert whose rule the definition has no more at that place waits at gate start', async () => {
    const read: Triggers = [{ source: 'generic', match: { incident: 'two' } }];
    const request = { requestedBy: 'generic', alert: { ...alert, ruleHash: hashOf(read) } };
    const run = await started({ request, signed: true, definition: { triggers: [...atOnce, ...read] } });
    expect(await run.gate('start')).toMatchObject({ people: 1 });
    const { ruleHash: _, ...without } = request.alert;
    const nameless = await started({
      request: { ...request, alert: without },
      signed: true,
      definition: { triggers: atOnce },
    });
    expect(await nameless.gate('start')).toMatchObject({ people: 1 });
    await Promise.all([over(run), over(nameless)]);
  });
});
