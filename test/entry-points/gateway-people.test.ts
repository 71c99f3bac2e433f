import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { peopleBy } from '../../src/gateway/people/people.ts';
import { sessionsWith } from '../../src/gateway/people/session.ts';
import { statementsBy } from '../../src/gateway/people/statements.ts';
import { tokensIn } from '../../src/gateway/people/tokens.ts';
import { readPrivateKey } from '../../src/identity/keys.ts';
import { fault } from '../../src/domain/failures.ts';
import { longestReason } from '../../src/domain/approval/statement.ts';
import { workflowIdOf } from '../../src/domain/names.ts';
import { anyService, definitionsOf, lazily, post, served, sessionSecret } from '../gateway.ts';
import type { Served } from '../gateway.ts';
import { failingAt, workflowHarness } from '../workflow/harness.ts';
import type { ServiceSetup } from '../workflow/harness.ts';

const harness = workflowHarness();
const tokens = {
  ann: 'token-of-ann-0123456789',
  bob: 'token-of-bob-0123456789',
  eve: 'token-of-eve-0123456789',
};
type Name = keyof typeof tokens;
const roles: Record<Name, string> = { ann: 'dba,sre', bob: 'sre', eve: '-' };
const sha256 = (token: string) => createHash('sha256').update(token).digest('hex');

let directory: string;
let tokenFile: string;
let gateway: Served;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'backstep-people-'));
  tokenFile = join(directory, 'tokens');
  const lines = Object.entries(tokens).map(
    ([name, token]) => `${name} ${roles[name as Name]} ${sha256(token)}`,
  );
  await writeFile(tokenFile, `# who may\n${lines.join('\n')}\n`);
  const backstep = await lazily(inject('temporalAddress'), { taskQueue: harness.name });
  gateway = await served({
    backstep,
    definitions: {
      ...anyService,
      load: (service) => (service.startsWith('no-such') ? definitionsOf([]) : anyService).load(service),
    },
    people: peopleBy(sessionsWith(sessionSecret, false), tokensIn(tokenFile)),
    statements: statementsBy(backstep, await readPrivateKey(harness.keys.privateKey), Date.now),
  });
});
afterAll(async () => {
  await gateway.close();
  await rm(directory, { recursive: true });
});

const as = (name: Name) => ({ authorization: `Bearer ${tokens[name]}` });
const say = (name: Name, service: string, verb: string, body: object = {}) =>
  post(`${gateway.url}/api/rollbacks/${service}/${verb}`, body, as(name));
const runOf = (service: string) =>
  harness.follow(harness.environment.client.workflow.getHandle(workflowIdOf(service)), service);

/** Starts one as ann, and waits for its gate. */
async function atGate(setup: ServiceSetup = {}, gate: 'start' | 'downgrade' = 'downgrade') {
  const service = harness.addService(setup);
  expect(await say('ann', service, 'start', { reason: 'errors' })).toMatchObject({ status: 200 });
  const run = runOf(service);
  const { hash } = await run.gate(gate);
  return { service, run, verdict: { gate, plan: hash } };
}
/** Everything in it as text: payloads are bytes. */
function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.values(value).map(textOf).join('\n');
}

const message = (text: RegExp) => ({ message: expect.stringMatching(text) as string });
const refused = (text: RegExp) => ({ error: expect.objectContaining(message(text)) as object });

describe.concurrent('a proved person', () => {
  test('starts, approves and is named in the report with the proof; no token is in the history', async () => {
    const { service, run, verdict } = await atGate();
    const approved = await say('ann', service, 'approve', { ...verdict, reason: 'looked at it' });
    expect(approved).toMatchObject({ status: 200, body: message(/passed/) });
    await run.result();
    const { decisions } = await run.report();
    expect(decisions).toContainEqual(
      expect.objectContaining({ by: 'ann', proof: 'token', roles: ['dba', 'sre'], reason: 'looked at it' }),
    );
    const [assess] = run.calls('assess');
    expect(assess).toMatchObject({ request: { requestedBy: 'ann', requestedVia: 'token' } });
    const history = textOf(await run.handle.fetchHistory());
    expect(history).toContain('looked at it');
    for (const secret of [tokens.ann, sha256(tokens.ann)]) expect(history).not.toContain(secret);
    expect(JSON.stringify(gateway.logged)).not.toContain(tokens.ann);
  });

  test('rejects, acknowledges, and decides at a hold', async () => {
    const { service, run, verdict } = await atGate({
      activities: failingAt('verify', [1], 'VerificationFailed'),
    });
    expect(await say('bob', service, 'acknowledge')).toMatchObject({ status: 200, body: message(/bob/) });
    await say('bob', service, 'approve', verdict);
    const { hold } = await run.hold('verify');
    const decided = await say('bob', service, 'decide', { hold, decision: 'retry', reason: 'mended' });
    expect(decided).toMatchObject({ status: 200, body: message(/retry/) });
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });

    const other = await atGate();
    expect(await say('bob', other.service, 'reject', other.verdict)).toMatchObject({ status: 200 });
    expect(await other.run.result()).toMatchObject({ outcome: 'put-back' });
  });

  test('must hold a role of the gate; break-glass passes it alone, with a reason', async () => {
    const approvals: NonNullable<ServiceSetup['definition']>['approvals'] = {
      downgrade: { people: 2, roles: ['dba'] },
      breakGlass: { roles: ['sre'] },
      selfAsserted: 'refuse',
    };
    const { service, run, verdict } = await atGate({ definition: { approvals }, plan: { people: 2 } });
    const alone = { ...verdict, breakGlass: true };
    expect(await say('eve', service, 'approve', verdict)).toMatchObject({
      status: 409,
      body: refused(/role/),
    });
    expect(await say('eve', service, 'approve', { ...alone, reason: 'now' })).toMatchObject({ status: 409 });
    expect(await say('bob', service, 'approve', alone)).toMatchObject({
      status: 409,
      body: refused(/reason/),
    });
    expect(await run.refusal('approve', { ...verdict, by: 'ann' })).toMatch(/proved/);
    const broken = await say('bob', service, 'approve', { ...alone, reason: 'nobody answers' });
    expect(broken).toMatchObject({ status: 200 });
    await run.result();
    expect((await run.report()).attention[0]).toMatch(/bob.*nobody answers/s);
  });
});

describe.concurrent('is refused', () => {
  test('401: whoever has no token, a wrong one, or a password; anybody proved may look', async () => {
    const { service, run, verdict } = await atGate();
    const url = `${gateway.url}/api/rollbacks/${service}`;
    for (const authorization of ['', 'Bearer', 'Bearer nobody', `Basic ${tokens.ann}`])
      expect((await post(`${url}/approve`, verdict, { authorization })).status).toBe(401);
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers: as('eve') })).status).toBe(200);
    await run.reject('downgrade');
  });

  test('422: a forged approver, and everything else that does not belong, all of it named', async () => {
    const { service, run, verdict } = await atGate();
    const forged = await say('eve', service, 'approve', { ...verdict, by: 'ann', proof: 'a.b.c' });
    expect(forged).toMatchObject({ status: 422, body: refused(/by.*proof|proof.*by/) });
    const bad = await say('eve', service, 'approve', { gate: 'any', plan: 'short', reason: 7 });
    expect((bad.body as { error: { faults: string[] } }).error.faults).toHaveLength(3);
    const form = { ...as('eve'), 'content-type': 'application/x-www-form-urlencoded' };
    expect((await post(`${gateway.url}/api/rollbacks/${service}/approve`, 'gate=x', form)).status).toBe(415);
    expect((await say('eve', 'No_Service', 'approve', verdict)).status).toBe(422);
    expect((await run.progress()).gate?.approvedBy).toEqual([]);
    await run.reject('downgrade');
  });

  test('404: a service that has no rollback, or no open one', async () => {
    const { service, run, verdict } = await atGate();
    await say('ann', service, 'reject', verdict);
    await run.result();
    expect(await say('ann', service, 'approve', verdict)).toMatchObject({
      status: 404,
      body: refused(/ended/),
    });
    const none = await say('ann', 'no-such-service', 'approve', verdict);
    expect(none).toMatchObject({ status: 404, body: refused(/never a rollback/) });
    const unknown = await say('ann', 'no-such-service', 'start');
    expect(unknown).toMatchObject({ status: 404, body: refused(/no service "no-such-service"/) });
  });

  test('409: approval of an outdated plan, of another gate, and a second press of the same button', async () => {
    const { service, run, verdict } = await atGate({ plan: { people: 2 } });
    const outdated = await say('ann', service, 'approve', { ...verdict, plan: 'ffffffffffff' });
    expect(outdated).toMatchObject({ status: 409, body: refused(/this gate is for plan/) });
    expect((await say('ann', service, 'approve', { ...verdict, gate: 'restore' })).status).toBe(409);
    const pressed = await Promise.all([1, 2, 3].map(() => say('ann', service, 'approve', verdict)));
    expect(pressed.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
    expect((await run.progress()).gate?.approvedBy).toEqual(['ann']);
    expect((await say('bob', service, 'approve', verdict)).status).toBe(200);
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
  });
});

test('two people who race, one to approve and one to reject, get one end, and the other is told so', async () => {
  const { service, run, verdict } = await atGate();
  const [approve, reject] = await Promise.all([
    say('ann', service, 'approve', verdict),
    say('bob', service, 'reject', verdict),
  ]);
  expect([approve.status, reject.status].filter((status) => status === 200)).toHaveLength(1);
  const { outcome } = await run.result();
  expect(outcome).toBe(approve.status === 200 ? 'rolled-back' : 'put-back');
});

test('two people who race to start have one rollback', async () => {
  const service = harness.addService();
  const both = await Promise.all([say('ann', service, 'start'), say('bob', service, 'start')]);
  const runs = both.map(({ body }) => (body as { runId: string }).runId);
  expect(runs[0]).toBe(runs[1]);
  const { hash } = await runOf(service).gate('downgrade');
  await say('ann', service, 'reject', { gate: 'downgrade', plan: hash });
});

test('a refused rollback is answered as it stands, with its faults', async () => {
  const service = harness.addService({
    activities: {
      assess: () => ({ kind: 'refused', faults: [fault('WorkloadMissing', 'no Deployment x')] }),
    },
  });
  await say('ann', service, 'start');
  await runOf(service).failure();
  const response = await fetch(`${gateway.url}/api/rollbacks/${service}`, { headers: as('eve') });
  expect(await response.json()).toMatchObject({ state: 'FAILED', end: { failure: { type: 'Refused' } } });
});

/** Signed in as a browser is, with the word that its forms must carry. */
async function atThePage(token: string, service: string) {
  const signedIn = await fetch(`${gateway.url}/sign-in`, {
    method: 'POST',
    body: new URLSearchParams({ token, back: '/' }),
    headers: { origin: gateway.url },
    redirect: 'manual',
  });
  const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const page = await (await fetch(`${gateway.url}/rollbacks/${service}`, { headers: { cookie } })).text();
  const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
  return (verb: string, fields: Record<string, string>, to = service) =>
    fetch(`${gateway.url}/rollbacks/${to}/${verb}`, {
      method: 'POST',
      body: new URLSearchParams({ csrf, ...fields }),
      headers: { origin: gateway.url, cookie },
      redirect: 'manual',
    });
}

test('the page starts no service that nobody defines, whatever the form says', async () => {
  const { service, run } = await atGate();
  const send = await atThePage(tokens.ann, service);
  const unknown = `no-such-${service}`;
  const answer = await send('start', { target: '-1', confirm: unknown }, unknown);
  expect(answer.status).toBe(422);
  expect(await answer.text()).toContain('Nothing was started');
  await expect(gateway.dependencies.backstep.progress(unknown)).rejects.toMatchObject({ kind: 'none' });
  await run.reject('downgrade');
});

test('a reason of the greatest length, in any script, is approved with at the page and by the API', async () => {
  for (const letter of ['漢', '\u0001', '\n']) {
    const { service, run, verdict } = await atGate({ plan: { people: 2 } });
    const reason = `x${letter.repeat(longestReason - 2)}x`;
    const send = await atThePage(tokens.bob, service);
    expect((await send('approve', { gate: 'downgrade', plan: verdict.plan, reason })).status).toBe(303);
    expect(await say('ann', service, 'approve', { ...verdict, reason })).toMatchObject({ status: 200 });
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
  }
});

test('a token taken out of the file counts no more', async () => {
  const url = `${gateway.url}/api/rollbacks/any`;
  const extra = 'token-of-someone-else-99';
  const before = await readFile(tokenFile, 'utf8');
  await writeFile(tokenFile, `${before}joe sre ${sha256(extra)}\n`);
  const headers = { authorization: `Bearer ${extra}` };
  expect((await fetch(url, { headers })).status).toBe(404);
  await writeFile(tokenFile, before);
  expect((await fetch(url, { headers })).status).toBe(401);
});
