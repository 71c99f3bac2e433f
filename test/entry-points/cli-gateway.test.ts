import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { GatewayAccess } from '../../src/client/gateway.ts';
import { peopleBy } from '../../src/gateway/people/people.ts';
import { sessionsWith } from '../../src/gateway/people/session.ts';
import { statementsBy } from '../../src/gateway/people/statements.ts';
import { tokensIn } from '../../src/gateway/people/tokens.ts';
import { readPrivateKey } from '../../src/identity/keys.ts';
import { markedIn, words } from '../docs.ts';
import { anyService, lazily, served, sessionSecret, type Served } from '../gateway.ts';
import { failingAt, workflowHarness } from '../workflow/harness.ts';
import { cliHarness } from './cli-harness.ts';

const harness = workflowHarness();
const tokens = { ada: 'token-of-ada-0123456789', bob: 'token-of-bob-0123456789' };
const directory = mkdtempSync(join(tmpdir(), 'backstep-cli-gateway-'));
const tokenFile = (name: keyof typeof tokens) => join(directory, name);
let gateway: Served;
let access: Partial<GatewayAccess>;

beforeAll(async () => {
  const roles = { ada: 'dba', bob: 'sre' };
  const lines = Object.entries(tokens).map(
    ([name, token]) =>
      `${name} ${roles[name as keyof typeof tokens]} ${createHash('sha256').update(token).digest('hex')}`,
  );
  writeFileSync(join(directory, 'tokens'), lines.join('\n'));
  for (const name of ['ada', 'bob'] as const) writeFileSync(tokenFile(name), `${tokens[name]}\n`);
  const backstep = await lazily(inject('temporalAddress'), { taskQueue: harness.name });
  gateway = await served({
    backstep,
    definitions: anyService,
    people: peopleBy(sessionsWith(sessionSecret, false), tokensIn(join(directory, 'tokens'))),
    statements: statementsBy(backstep, await readPrivateKey(harness.keys.privateKey), Date.now),
  });
  access = { url: gateway.url, token: tokens.ada };
});
afterAll(async () => {
  await gateway.close();
  await gateway.dependencies.backstep.close();
  rmSync(directory, { recursive: true });
});

const { cli, runOf } = cliHarness(harness, () => access);

test('start, status, approve: the person is proved, by a token that Temporal never sees', async () => {
  const definition = { approvals: { selfAsserted: 'refuse' } } as const;
  const service = harness.addService({ definition });
  // Nothing of Temporal can be reached from here.
  const away = '--address 127.0.0.1:1';
  const started = await cli(`rollback ${service} --reason broken ${away}`);
  expect(started).toMatchObject({ status: 0, out: expect.stringMatching(/^Started/) as string });
  const { hash } = await runOf(service).gate('downgrade');
  expect((await cli(`status ${service} ${away}`)).out).toContain(`Gate downgrade waits for 1 person`);
  const approved = await cli(`approve ${service} --gate downgrade --plan ${hash} --reason seen ${away}`);
  expect(approved).toMatchObject({ status: 0, out: expect.stringMatching(/^Approved/) as string });
  await runOf(service).result();
  const report = await runOf(service).report();
  expect(report.requested).toMatchObject({ by: 'ada', via: 'token' });
  const approval = report.decisions.find(({ what }) => what === 'approved gate downgrade');
  expect(approval).toMatchObject({ by: 'ada', reason: 'seen' });
  expect(approval?.proof).toMatch(/token/);
  expect(JSON.stringify(await runOf(service).handle.fetchHistory())).not.toContain(
    Buffer.from(tokens.ada).toString('base64').slice(0, 20),
  );
});

test('two people with token files are two; the same one twice is one', async () => {
  const service = harness.addService({ plan: { people: 2 } });
  await cli(`rollback ${service}`);
  const { hash } = await runOf(service).gate('downgrade');
  const say = (name: keyof typeof tokens) =>
    cli(`--token-file ${tokenFile(name)} approve ${service} --gate downgrade --plan ${hash}`);
  expect((await say('bob')).out).toMatch(/1 more person/);
  expect(await say('bob')).toMatchObject({ status: 3, err: expect.stringMatching(/already/) as string });
  expect((await say('ada')).out).toMatch(/^Approved/);
  expect(await runOf(service).result()).toMatchObject({ outcome: 'rolled-back' });
});

test.each(['docs/cli.md', 'docs/identity.md'])(
  '%s: every approval through the gateway counts',
  async (page) => {
    const [block = '', ...more] = markedIn(page, 'gateway');
    expect(more).toEqual([]);
    expect(block).toContain('export BACKSTEP_GATEWAY_URL=');
    const definition = { approvals: { breakGlass: { roles: ['dba'] } } };
    const approvals = block.split('\n').filter((line) => line.startsWith('backstep '));
    for (const line of approvals) {
      const service = harness.addService({ definition });
      await cli(`rollback ${service}`);
      const { hash } = await runOf(service).gate('downgrade');
      const meant = line
        .replace('deeptech-radar', service)
        .replace('~/.config/backstep/token', tokenFile('ada'))
        .replace(/--plan (<hash>|[0-9a-f]{12})/, `--plan ${hash}`);
      const [given = []] = await words('backstep', meant);
      // Without a hash a person is shown the gate, and asked.
      expect(await cli(given, ['yes']), line).toMatchObject({ status: 0 });
      expect(await runOf(service).result()).toMatchObject({ outcome: 'rolled-back' });
    }
    expect(approvals.length).toBeGreaterThan(0);
  },
);

test('--watch follows to the end, and a hold is answered', async () => {
  const service = harness.addService({ activities: failingAt('verify', [1], 'VerificationFailed') });
  await cli(`rollback ${service}`);
  const watched = cli(`status ${service} --watch`);
  await runOf(service).approve('downgrade');
  await runOf(service).hold('verify');
  expect((await cli(`acknowledge ${service}`)).status).toBe(0);
  expect((await cli(`decide ${service} retry --hold verify-1`)).status).toBe(0);
  const { status, out } = await watched;
  expect(status).toBe(0);
  expect(out).toMatch(/rolled-back/);
  const { decisions } = await runOf(service).report();
  expect(decisions.map(({ by, what }) => `${what} by ${by}`)).toEqual(
    expect.arrayContaining(['retry at hold verify-1 by ada', 'acknowledged the escalation by ada']),
  );
});

test('what the gateway refuses is said with its next move, and by the exit status', async () => {
  const service = harness.addService();
  expect(await cli(`status ${service}`)).toMatchObject({
    status: 3,
    err: expect.stringMatching(/never a rollback/) as string,
  });
  await cli(`rollback ${service}`);
  await runOf(service).gate('downgrade');
  const stale = await cli(`approve ${service} --gate downgrade --plan 000000000000`);
  expect(stale).toMatchObject({ status: 3, err: expect.stringMatching(/look again/) as string });
  const named = await cli(`approve ${service} --by eve`);
  expect(named).toMatchObject({
    status: 2,
    err: expect.stringMatching(/A name counts for nothing/) as string,
  });
  writeFileSync(tokenFile('bob'), 'a token that nobody has');
  const unknown = await cli(`--token-file ${tokenFile('bob')} reject ${service}`);
  expect(unknown).toMatchObject({
    status: 3,
    err: expect.stringMatching(/BACKSTEP_GATEWAY_TOKEN/) as string,
  });
  await runOf(service).handle.terminate();
});

test('a token leaves for https or for this machine, and follows no redirect', async () => {
  const seen: string[] = [];
  const elsewhere = createServer((request, response) => {
    seen.push(`${request.url} ${request.headers.authorization}`);
    response.writeHead(307, { location: `${gateway.url}${request.url}` }).end();
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  const { port } = elsewhere.address() as AddressInfo;
  try {
    const led = await cli(`--gateway http://127.0.0.1:${port} status radar`);
    expect(led).toMatchObject({ status: 1, err: expect.stringMatching(/cannot be reached/) as string });
    expect(seen).toEqual([`/api/rollbacks/radar Bearer ${tokens.ada}`]);
  } finally {
    elsewhere.close();
  }
  for (const url of ['http://backstep.example.com', 'ftp://127.0.0.1', 'not an address'])
    expect(await cli(['--gateway', url, 'status', 'radar']), url).toMatchObject({
      status: 2,
      err: expect.stringMatching(/no https address, nor one of this machine/) as string,
    });
  expect(await cli('--token-file /nowhere status radar')).toMatchObject({ status: 2 });
  expect(await cli('--gateway http://127.0.0.1:1 status radar')).toMatchObject({
    status: 1,
    err: expect.stringMatching(/ECONNREFUSED|bad port/) as string,
  });
});
