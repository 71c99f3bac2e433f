import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createKeys } from '../../src/identity/keys.ts';
import type { Statement } from '../../src/domain/approval/statement.ts';
import type { WorkflowRun } from './workflow-run.ts';
import { SignedMessages } from './signed-messages.ts';
import { failing, workflowHarness } from './harness.ts';
import type { ServiceSetup } from './harness.ts';

const harness = workflowHarness();
const other = 'ffffffffffff';

type Policy = NonNullable<NonNullable<ServiceSetup['definition']>['approvals']>;

async function open(approvals: Policy = {}, setup: ServiceSetup = {}) {
  const run = await harness.start({ ...setup, definition: { ...setup.definition, approvals } });
  return { run, proved: new SignedMessages(harness, run) };
}

async function atDowngrade(approvals: Policy = {}, setup: ServiceSetup = {}) {
  const opened = await open(approvals, setup);
  const { hash } = await opened.run.gate('downgrade');
  const approval = (by: string, more: object = {}) => ({ gate: 'downgrade', plan: hash, by, ...more });
  return { ...opened, hash, approval };
}

const by = (issuer: string) => ({ method: 'oidc', issuer }) as const;

const rejected = async (run: WorkflowRun) => {
  await run.reject('downgrade');
  await run.result();
};

describe.concurrent('a proved person', () => {
  test('an approval with a proof counts, and the report says how the person was proved', async () => {
    const { run, proved, approval } = await atDowngrade();
    expect(await proved.say('approve', approval('ann', { reason: 'seen it' }), ['dba'])).toContain('passed');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    const { decisions, timeline } = await run.report();
    expect(decisions).toContainEqual(
      expect.objectContaining({ by: 'ann', proof: 'token', roles: ['dba'], reason: 'seen it' }),
    );
    expect(timeline.map(({ what }) => what).join('\n')).toContain(
      'gate downgrade approved by ann, proved by token',
    );
  });

  test('the same by signal, with issuer, counts too', async () => {
    const { run, proved, approval } = await atDowngrade();
    const claims = { method: 'oidc', issuer: 'https://id.example' } as const;
    await run.handle.signal('approve', await proved.message('approve', approval('ann'), [], claims));
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    expect((await run.report()).decisions).toContainEqual(
      expect.objectContaining({ by: 'ann', proof: 'oidc', issuer: 'https://id.example' }),
    );
  });

  test('a person who approves by two methods is one person', async () => {
    const { run, proved, hash, approval } = await atDowngrade({}, { plan: { people: 2 } });
    await proved.say('approve', approval('ann'));
    expect(await run.refusal('approve', { gate: 'downgrade', plan: hash, by: 'Ann' })).toContain(
      'has approved already',
    );
    expect(await proved.refusal('approve', approval('ANN'), [], { method: 'oidc' })).toContain(
      'has approved already',
    );
    expect(run.calls('downgrade')).toEqual([]);
    await rejected(run);
  });

  test('two names that were proved by two methods, or two issuers, do not count as two people', async () => {
    const { run, proved, approval } = await atDowngrade({}, { plan: { people: 2 } });
    await run.handle.executeUpdate('approve', {
      args: [await proved.message('approve', approval('ann@one.example'), [], by('https://one.example'))],
    });
    const refused = [
      await proved.refusal('approve', approval('ann')),
      await proved.refusal('approve', approval('ann@two.example'), [], by('https://two.example')),
    ];
    for (const why of refused) expect(why).toContain('two names of one person');
    expect(run.calls('downgrade')).toEqual([]);
    const bob = await proved.message('approve', approval('bob'), [], by('https://one.example'));
    await run.handle.executeUpdate('approve', { args: [bob] });
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
  });

  test('rejecting, deciding and acknowledging carry proofs, and the report says so', async () => {
    const { run, proved, approval } = await atDowngrade(
      {},
      { activities: { verify: failing('VerificationFailed') } },
    );
    await proved.say('acknowledge', { by: 'bob' });
    await proved.say('approve', approval('ann'));
    const { hold } = await run.hold('verify');
    await proved.say('decide', { hold, decision: 'restore', by: 'bob' });
    const { hash } = await run.gate('restore');
    await proved.say('reject', { gate: 'restore', plan: hash, by: 'ann', reason: 'not the new one' });
    expect(await run.result()).toMatchObject({ outcome: 'aborted' });
    const said = (await run.report()).decisions.map(({ what, by, proof }) => [what, by, proof]);
    expect(said).toEqual([
      ['gate start needed nobody', 'policy of the service definition', 'policy'],
      ['acknowledged the escalation', 'bob', 'token'],
      ['approved gate downgrade', 'ann', 'token'],
      [`restore at hold ${hold}`, 'bob', 'token'],
      ['rejected gate restore', 'ann', 'token'],
    ]);
  });

  test('a cancel request does not keep a proved decision from counting', async () => {
    const { run, proved, approval } = await atDowngrade(
      {},
      { activities: { verify: failing('VerificationFailed') } },
    );
    await proved.say('approve', approval('ann'));
    const { hold } = await run.hold('verify');
    await run.handle.cancel();
    await run.until('the cancel request', ({ cancelRequested }) => cancelRequested);
    await proved.say('decide', { hold, decision: 'abort', by: 'ann' });
    expect(await run.result()).toMatchObject({ outcome: 'aborted' });
  });
});

describe.concurrent('forgeries', () => {
  const hour = new Date(Date.now() - 3_600_000).toISOString();
  const soon = new Date(Date.now() + 3_600_000).toISOString();
  const cases: [what: string, claims: Partial<Statement>, why: string][] = [
    ['another operation', { operation: 'bs-00000000' }, 'another operation'],
    ['another message', { message: 'reject' }, 'another message'],
    ['another gate', { gate: 'restore' }, 'another gate'],
    ['another plan', { hash: other }, 'another hash'],
    ['another person', { person: 'bob' }, "the proof is for 'bob'"],
    ['another reason', { reason: 'another' }, 'another reason'],
    ['a hold', { hold: 'verify-1' }, 'another hold'],
    ['breaking the glass', { breakGlass: true }, 'another breakGlass'],
    ['an hour ago', { at: hour }, 'older than five minutes'],
    ['the future', { at: soon }, 'in the future'],
  ];

  test.each(cases)('a proof for %s counts for nothing and is told why', async (_what, claims, why) => {
    const { run, proved, approval } = await atDowngrade();
    expect(await proved.refusal('approve', approval('ann'), [], claims)).toContain(why);
    expect(run.calls('downgrade')).toEqual([]);
    await rejected(run);
  });

  test('a proof by another gateway’s key counts for nothing', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'backstep-forger-'));
    const { privateKey } = await createKeys(directory);
    const { run, proved, approval } = await atDowngrade();
    const why = await proved.refusal('approve', approval('ann'), ['dba'], {}, privateKey);
    expect(why).toContain('unknown key');
    expect(run.calls('downgrade')).toEqual([]);
    await run.handle.signal('approve', await proved.message('approve', approval('ann'), [], {}, privateKey));
    const [ignored] = await run.until('the ignored signal', (now) => now.ignored.length > 0 && now.ignored);
    expect(ignored).toMatchObject({ message: 'approve', by: 'ann' });
    await rm(directory, { recursive: true });
    await rejected(run);
  });

  test('what is no proof at all is refused before anything enters the history', async () => {
    const { run, approval } = await open().then(async ({ run }) => ({
      run,
      approval: { gate: 'downgrade', plan: (await run.gate('downgrade')).hash, by: 'ann' },
    }));
    expect(await run.refusal('approve', { ...approval, proof: 'no proof' })).toContain('compact JWS');
    expect(await run.refusal('approve', { ...approval, proof: `${'a'.repeat(24_600)}.b.c` })).toContain(
      'proof',
    );
    await rejected(run);
  });

  test('a proof counts once', async () => {
    const { run, proved, approval } = await atDowngrade(
      {},
      { activities: { verify: failing('VerificationFailed') } },
    );
    await proved.say('approve', approval('ann'));
    await run.hold('verify');
    const acknowledgement = await proved.message('acknowledge', { by: 'ann' });
    await run.handle.executeUpdate('acknowledge', { args: [acknowledgement] });
    await run.decide('verify', 'retry');
    await run.until('the second hold', ({ hold }) => hold?.hold === 'verify-2');
    // The second failure was escalated, so another acknowledgement would count.
    expect(await run.refusal('acknowledge', acknowledgement)).toContain('has counted already');
    await run.decide('verify', 'abort');
    await run.result();
  });

  test('two people racing at one gate: one of them passes it, the other is told', async () => {
    const { run, proved, approval } = await atDowngrade();
    const both = await Promise.allSettled([
      proved.say('approve', approval('ann')),
      proved.say('approve', approval('bob')),
      proved.say('reject', approval('cyd')),
    ]);
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const { outcome } = await run.result();
    expect(['rolled-back', 'put-back']).toContain(outcome);
    expect((await run.report()).decisions).toHaveLength(2);
  });
});

describe.concurrent('the policy', () => {
  test('self-asserted names do not count where they are refused', async () => {
    const { run, proved, hash } = await open({ selfAsserted: 'refuse' }).then(async ({ run, proved }) => ({
      run,
      proved,
      hash: (await run.gate('start')).hash,
    }));
    const bare = { gate: 'start', plan: hash, by: 'ann' };
    for (const name of ['approve', 'reject'] as const)
      expect(await run.refusal(name, bare)).toContain('nobody proved');
    expect(await run.refusal('acknowledge', { by: 'ann' })).toContain('nobody proved');
    expect(run.calls('stop-writes')).toEqual([]);
    await proved.say('reject', bare);
    expect(await run.result()).toMatchObject({ outcome: 'rejected' });
  });

  test('a gate with roles wants one of them proved', async () => {
    const { run, proved, hash, approval } = await atDowngrade({
      downgrade: { people: 1, roles: ['dba', 'sre'] },
    });
    expect((await run.progress()).gate?.wants).toEqual({ roles: ['dba', 'sre'], proof: true });
    expect(await run.refusal('approve', { gate: 'downgrade', plan: hash, by: 'ann' })).toContain(
      'a role must be proved',
    );
    expect(await proved.refusal('approve', approval('ann'), ['developer'])).toContain("'ann' has developer");
    expect(run.calls('downgrade')).toEqual([]);
    await proved.say('approve', approval('bob'), ['developer', 'sre']);
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
  });

  test('started without a name, and self-approval refused, it needs a second person', async () => {
    const { run } = await open({ selfApproval: 'refuse' });
    expect(await run.gate('downgrade')).toMatchObject({ people: 2 });
    await rejected(run);
  });

  test('the glass is broken by one proved person with a role and a reason, and the report begins with it', async () => {
    const { run, proved, hash, approval } = await atDowngrade(
      { breakGlass: { roles: ['incident-commander'] }, downgrade: { people: 2, roles: ['dba'] } },
      { plan: { people: 2 } },
    );
    const broken = approval('eve', { breakGlass: true, reason: 'nobody else answers' });
    const bare = { gate: 'downgrade', plan: hash, by: 'eve', breakGlass: true, reason: 'r' };
    expect(await run.refusal('approve', bare)).toContain('only a proved person');
    expect(
      await proved.refusal('approve', approval('eve', { breakGlass: true }), ['incident-commander']),
    ).toContain('needs a reason');
    expect(await proved.refusal('approve', broken, ['dba'])).toContain('incident-commander');
    expect(run.calls('downgrade')).toEqual([]);
    expect(await proved.say('approve', broken, ['incident-commander'])).toContain('Glass broken');
    const result = await run.result();
    expect(result).toMatchObject({ outcome: 'rolled-back' });
    const first = 'Glass broken: eve (incident-commander) passed gate downgrade alone: nobody else answers';
    expect('attention' in result && result.attention[0]).toBe(first);
    expect((await run.report()).attention[0]).toBe(first);
    expect((await run.report()).decisions).toContainEqual(
      expect.objectContaining({ what: 'broke the glass at gate downgrade', by: 'eve', breakGlass: true }),
    );
  });

  test('nobody breaks the glass where the definition does not say who may', async () => {
    const { run, proved, approval } = await atDowngrade();
    expect(
      await proved.refusal('approve', approval('eve', { breakGlass: true, reason: 'r' }), ['any']),
    ).toContain('lets nobody');
    await rejected(run);
  });
});
