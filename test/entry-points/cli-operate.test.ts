import { once } from 'node:events';
import { Context } from '@temporalio/activity';
import { describe, expect, test } from 'vitest';
import { searchAttributes } from '../../src/domain/approval/messages.ts';
import { findings } from '../example-plan.ts';
import { failing, failingAt, workflowHarness } from '../workflow/harness.ts';
import { cliHarness } from './cli-harness.ts';

const harness = workflowHarness();
const { cli, handleOf, runOf } = cliHarness(harness);

describe.concurrent('backstep approve', () => {
  test('without the hash and a terminal: refused, naming what to type; with it: accepted', async () => {
    const service = harness.addService();
    await cli(`rollback ${service}`);
    const { hash } = await runOf(service).gate('downgrade');
    const refused = await cli(`approve ${service}`);
    const command = `backstep approve ${service} --gate downgrade --plan ${hash}`;
    expect(refused).toMatchObject({ status: 3, out: '', err: expect.stringContaining(command) as string });
    expect((await runOf(service).progress()).gate?.approvedBy).toEqual([]);
    const wrong = await cli(`approve ${service} --gate downgrade --plan 000000000000`);
    expect(wrong.status).toBe(3);
    const right = await cli(`approve ${service} --plan ${hash} --by ben --json`);
    expect(right.status).toBe(0);
    expect(JSON.parse(right.out)).toMatchObject({ message: expect.stringMatching(/\w/) as string });
    expect(await runOf(service).result()).toMatchObject({ outcome: 'rolled-back' });
    expect(JSON.stringify(await runOf(service).report())).toContain('ben');
  });

  test('on a terminal the gate is shown first; "no" sends nothing', async () => {
    const service = harness.addService();
    await cli(`rollback ${service}`);
    const { hash } = await runOf(service).gate('downgrade');
    const no = await cli(`approve ${service}`, ['no']);
    expect(no.status).toBe(3);
    expect(no.out).toContain(hash);
    expect((await runOf(service).progress()).gate?.approvedBy).toEqual([]);
    expect((await cli(`reject ${service} --reason later`, ['yes'])).status).toBe(0);
    expect(await runOf(service).result()).toMatchObject({ outcome: 'put-back' });
  });

  test('before the gate is open: told where it stands', async () => {
    const service = harness.addService();
    expect(await cli(`approve ${service}`)).toMatchObject({
      status: 3,
      err: expect.stringMatching(/never a rollback/) as string,
    });
  });
});

describe.concurrent('backstep status, decide, acknowledge', () => {
  test('a hold is shown with its decisions and the way back by hand, status 4; retry goes on', async () => {
    const service = harness.addService({ activities: failingAt('verify', [1], 'VerificationFailed') });
    await cli(`rollback ${service}`);
    await runOf(service).approve('downgrade');
    await runOf(service).hold('verify');
    const held = await cli(`status ${service}`);
    expect(held.status).toBe(4);
    expect(held.out).toMatch(/‖ Verify the rollback/);
    expect(held.out).toContain(`backstep decide ${service} restore --hold verify-1`);
    // Folded: they are for the case that Backstep is gone for good.
    expect(held.out).not.toContain('kubectl scale');
    expect((await cli(`report ${service}`)).out).toMatch(/kubectl scale deployment\/radar-api/);
    expect(await cli(`decide ${service}`)).toMatchObject({
      status: 3,
      err: expect.stringMatching(/retry\|restore\|abort/) as string,
    });
    expect((await cli(`decide ${service} sleep`)).status).toBe(2);
    expect((await cli(`acknowledge ${service} --by ben`)).status).toBe(0);
    expect((await cli(`status ${service}`)).out).toMatch(/On it: ben/);
    expect((await cli(`decide ${service}`, ['retry'])).status).toBe(0);
    expect(await runOf(service).result()).toMatchObject({ outcome: 'rolled-back' });
    expect(await cli(`decide ${service} retry`)).toMatchObject({ status: 3 });
  });

  test('a step at work is shown with what it is doing and its elapsed time', async () => {
    const released = new AbortController();
    const service = harness.addService({
      activities: {
        'back-up': async () => {
          Context.current().heartbeat({ doing: 'dumping', done: 1_200_000, of: 8_000_000, unit: 'bytes' });
          await once(released.signal, 'abort');
          return findings['back-up'];
        },
      },
    });
    await cli(`rollback ${service}`);
    await runOf(service).running('back-up');
    await expect
      .poll(async () => (await cli(`status ${service}`)).out)
      .toMatch(/▶ Back the database up.*\d s +dumping: 1\.2 MB of 8\.0 MB/);
    released.abort();
    const asJson = JSON.parse((await cli(`status ${service} --json`)).out) as { state: string };
    expect(asJson.state).toBe('RUNNING');
    await handleOf(service).terminate();
  });

  test('a terminated rollback is told as not rolled back', async () => {
    const service = harness.addService();
    await cli(`rollback ${service}`);
    await runOf(service).gate('downgrade');
    await handleOf(service).terminate('as a test');
    expect(await cli(`status ${service}`)).toMatchObject({
      status: 4,
      out: expect.stringMatching(/terminated/) as string,
    });
  });
});

describe.concurrent('backstep plan, report, setup', () => {
  test('plan shows what would happen; a refusal has every fault, status 3', async () => {
    const { status, out } = await cli(`plan ${harness.addService()}`);
    expect(status).toBe(0);
    for (const words of [
      /0005 → 0004; 1 migration reverted; plan [0-9a-f]{12}/,
      /radar-api: 3 replicas found, wanted 2; radar-api:new → radar-api:old/,
      /KeyError: score/,
    ]) {
      expect(out).toMatch(words);
    }
    const refused = await cli(
      `plan ${harness.addService({ activities: { assess: failing('WorkloadMissing', 'no route') } })}`,
    );
    expect(refused).toMatchObject({
      status: 3,
      out: expect.stringMatching(/WorkloadMissing: no route\nNext: /) as string,
    });
    const unknown = harness.addService({ activities: { assess: failing('TargetUnknown', 'no revision 9') } });
    expect((await cli(`plan ${unknown} --target 9`)).status).toBe(2);
  });

  test('report is Markdown for people and JSON for programs', async () => {
    const service = harness.addService();
    await cli(`rollback ${service}`);
    await runOf(service).approve('downgrade');
    await runOf(service).result();
    expect((await cli(`report ${service}`)).out).toMatch(/^# Rollback of .*rolled-back/);
    expect(JSON.parse((await cli(`report ${service} --json`)).out)).toMatchObject({
      service,
      outcome: 'rolled-back',
    });
  });

  test('setup registers the search attributes once', async () => {
    const namespace = harness.name;
    await harness.environment.client.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    // A new namespace is known everywhere only after a moment.
    await expect
      .poll(async () => (await cli(`setup --json --namespace ${namespace}`)).status, { timeout: 15_000 })
      .toBe(0);
    const again = await cli(`setup --json --namespace ${namespace}`);
    expect(JSON.parse(again.out)).toEqual({
      registered: [],
      searchAttributes: Object.values(searchAttributes),
    });
    const known = await harness.environment.connection.operatorService.listSearchAttributes({ namespace });
    expect(Object.keys(known.customAttributes)).toEqual(
      expect.arrayContaining(Object.values(searchAttributes)),
    );
  });

  test('setup warns where the namespace forgets ended workflows within a day', async () => {
    const namespace = `${harness.name}-forgets`;
    await harness.environment.client.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 3_600 as never },
    });
    await expect
      .poll(async () => (await cli(`setup --json --namespace ${namespace}`)).status, { timeout: 15_000 })
      .toBe(0);
    const { out } = await cli(`setup --json --namespace ${namespace}`);
    expect(JSON.parse(out)).toMatchObject({
      warning: expect.stringMatching(/for 60 min 00 s only/) as string,
    });
  });

  test('a namespace that does not exist is named', async () => {
    const lost = await cli(`status any --namespace nowhere-${harness.name}`);
    expect(lost.status).toBe(2);
    expect(lost.err).toMatch(/no namespace "nowhere-/);
  });
});
