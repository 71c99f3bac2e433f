import { once } from 'node:events';
import { Context } from '@temporalio/activity';
import { describe, expect, test } from 'vitest';
import { searchAttributes } from '../../src/domain/approval/messages.ts';
import { findings } from '../example-plan.ts';
import { failing, failingAt, theatre } from '../workflow/theatre.ts';
import { typist } from './typist.ts';

const stage = theatre();
const { type, handleOf, playOf } = typist(stage);

describe.concurrent('backstep approve', () => {
  test('without the hash and a terminal: refused, naming what to type; with it: accepted', async () => {
    const service = stage.cast();
    await type(`rollback ${service}`);
    const { hash } = await playOf(service).gate('downgrade');
    const refused = await type(`approve ${service}`);
    const command = `backstep approve ${service} --gate downgrade --plan ${hash}`;
    expect(refused).toMatchObject({ status: 3, out: '', err: expect.stringContaining(command) as string });
    expect((await playOf(service).progress()).gate?.approvedBy).toEqual([]);
    const wrong = await type(`approve ${service} --gate downgrade --plan 000000000000`);
    expect(wrong.status).toBe(3);
    const right = await type(`approve ${service} --plan ${hash} --by ben --json`);
    expect(right.status).toBe(0);
    expect(JSON.parse(right.out)).toMatchObject({ message: expect.stringMatching(/\w/) as string });
    expect(await playOf(service).result()).toMatchObject({ outcome: 'rolled-back' });
    expect(JSON.stringify(await playOf(service).report())).toContain('ben');
  });

  test('on a terminal the gate is shown first; "no" sends nothing', async () => {
    const service = stage.cast();
    await type(`rollback ${service}`);
    const { hash } = await playOf(service).gate('downgrade');
    const no = await type(`approve ${service}`, ['no']);
    expect(no.status).toBe(3);
    expect(no.out).toContain(hash);
    expect((await playOf(service).progress()).gate?.approvedBy).toEqual([]);
    expect((await type(`reject ${service} --reason later`, ['yes'])).status).toBe(0);
    expect(await playOf(service).result()).toMatchObject({ outcome: 'put-back' });
  });

  test('before the gate is open: told where it stands', async () => {
    const service = stage.cast();
    expect(await type(`approve ${service}`)).toMatchObject({
      status: 3,
      err: expect.stringMatching(/never a rollback/) as string,
    });
  });
});

describe.concurrent('backstep status, decide, acknowledge', () => {
  test('a hold is shown with its decisions and the way back by hand, status 4; retry goes on', async () => {
    const service = stage.cast({ script: failingAt('verify', [1], 'VerificationFailed') });
    await type(`rollback ${service}`);
    await playOf(service).approve('downgrade');
    await playOf(service).hold('verify');
    const held = await type(`status ${service}`);
    expect(held.status).toBe(4);
    expect(held.out).toMatch(/⏸ Verify the rollback/);
    expect(held.out).toContain(`backstep decide ${service} restore --hold verify-1`);
    expect(held.out).toMatch(/kubectl scale deployment\/radar-api/);
    expect(await type(`decide ${service}`)).toMatchObject({
      status: 3,
      err: expect.stringMatching(/retry\|restore\|abort/) as string,
    });
    expect((await type(`decide ${service} sleep`)).status).toBe(2);
    expect((await type(`acknowledge ${service} --by ben`)).status).toBe(0);
    expect((await type(`status ${service}`)).out).toMatch(/Acknowledged by ben/);
    expect((await type(`decide ${service}`, ['retry'])).status).toBe(0);
    expect(await playOf(service).result()).toMatchObject({ outcome: 'rolled-back' });
    expect(await type(`decide ${service} retry`)).toMatchObject({ status: 3 });
  });

  test('a step at work is shown with what it is doing and its elapsed time', async () => {
    const released = new AbortController();
    const service = stage.cast({
      script: {
        'back-up': async () => {
          Context.current().heartbeat({ doing: 'dumping', done: 1_200_000, of: 8_000_000, unit: 'bytes' });
          await once(released.signal, 'abort');
          return findings['back-up'];
        },
      },
    });
    await type(`rollback ${service}`);
    await playOf(service).running('back-up');
    await expect
      .poll(async () => (await type(`status ${service}`)).out)
      .toMatch(/▶ Back the database up.*\d\.\d s +dumping: 1\.2 MB of 8\.0 MB/);
    released.abort();
    const asJson = JSON.parse((await type(`status ${service} --json`)).out) as { state: string };
    expect(asJson.state).toBe('RUNNING');
    await handleOf(service).terminate();
  });

  test('a terminated rollback is told as not rolled back', async () => {
    const service = stage.cast();
    await type(`rollback ${service}`);
    await playOf(service).gate('downgrade');
    await handleOf(service).terminate('as a test');
    expect(await type(`status ${service}`)).toMatchObject({
      status: 4,
      out: expect.stringMatching(/terminated/) as string,
    });
  });
});

describe.concurrent('backstep plan, report, setup', () => {
  test('plan shows what would happen; a refusal has every fault, status 3', async () => {
    const { status, out } = await type(`plan ${stage.cast()}`);
    expect(status).toBe(0);
    for (const words of [
      /0005 → 0004 {2}plan [0-9a-f]{12}/,
      /radar-api: 3 → 0 → 2 replicas/,
      /KeyError: score/,
    ]) {
      expect(out).toMatch(words);
    }
    const refused = await type(
      `plan ${stage.cast({ script: { assess: failing('WorkloadMissing', 'no route') } })}`,
    );
    expect(refused).toMatchObject({
      status: 3,
      out: expect.stringMatching(/WorkloadMissing: no route\n {2}Next: /) as string,
    });
    const unknown = stage.cast({ script: { assess: failing('TargetUnknown', 'no revision 9') } });
    expect((await type(`plan ${unknown} --target 9`)).status).toBe(2);
  });

  test('report is Markdown for people and JSON for programs', async () => {
    const service = stage.cast();
    await type(`rollback ${service}`);
    await playOf(service).approve('downgrade');
    await playOf(service).result();
    expect((await type(`report ${service}`)).out).toMatch(/^# Rollback of .*rolled-back/);
    expect(JSON.parse((await type(`report ${service} --json`)).out)).toMatchObject({
      service,
      outcome: 'rolled-back',
    });
  });

  test('setup registers the search attributes once', async () => {
    const namespace = stage.name;
    await stage.environment.client.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    // A new namespace is known everywhere only after a moment.
    await expect
      .poll(async () => (await type(`setup --json --namespace ${namespace}`)).status, { timeout: 15_000 })
      .toBe(0);
    const again = await type(`setup --json --namespace ${namespace}`);
    expect(JSON.parse(again.out)).toEqual({
      registered: [],
      searchAttributes: Object.values(searchAttributes),
    });
    const known = await stage.environment.connection.operatorService.listSearchAttributes({ namespace });
    expect(Object.keys(known.customAttributes)).toEqual(
      expect.arrayContaining(Object.values(searchAttributes)),
    );
  });

  test('setup warns where the namespace forgets ended workflows within a day', async () => {
    const namespace = `${stage.name}-forgets`;
    await stage.environment.client.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 3_600 as never },
    });
    await expect
      .poll(async () => (await type(`setup --json --namespace ${namespace}`)).status, { timeout: 15_000 })
      .toBe(0);
    const { out } = await type(`setup --json --namespace ${namespace}`);
    expect(JSON.parse(out)).toMatchObject({
      warning: expect.stringMatching(/for 60 min 00 s only/) as string,
    });
  });

  test('a namespace that does not exist is named', async () => {
    const lost = await type(`status any --namespace nowhere-${stage.name}`);
    expect(lost.status).toBe(2);
    expect(lost.err).toMatch(/no namespace "nowhere-/);
  });
});
