import { describe, expect, test } from 'vitest';
import { failing, workflowHarness } from '../workflow/harness.ts';
import { cliHarness } from './cli-harness.ts';

const harness = workflowHarness();
const { cli, handleOf, runOf } = cliHarness(harness);

describe.concurrent('backstep rollback', () => {
  test.each(['-1', '-2', 'base', '0004'])(
    '--target %s reaches the workflow as it was typed',
    async (target) => {
      const service = harness.addService();
      const { status, out } = await cli([
        'rollback',
        service,
        '--target',
        target,
        '--reason',
        'errors since 02:40',
      ]);
      expect({ status, out }).toMatchObject({
        status: 0,
        out: expect.stringMatching(/^Started backstep-/) as string,
      });
      await runOf(service).gate('downgrade');
      expect(harness.calls(service, 'assess')[0]).toMatchObject({
        request: { service, target, reason: 'errors since 02:40', requestedBy: 'ada' },
      });
      await handleOf(service).terminate();
    },
  );

  test('--target=-1 too, and -1 without --target is no argument', async () => {
    const service = harness.addService();
    expect((await cli(`rollback ${service} --target=-1`)).status).toBe(0);
    expect(await cli(`rollback ${service} -1`)).toMatchObject({
      status: 2,
      err: expect.stringMatching(/too many arguments/) as string,
    });
    await handleOf(service).terminate();
  });

  test('again while one is open: nothing is started, status 3', async () => {
    const service = harness.addService();
    await cli(`rollback ${service}`);
    const again = await cli(`rollback ${service}`);
    expect(again).toMatchObject({
      status: 3,
      out: expect.stringMatching(/^Nothing was started: .*open/) as string,
    });
    const asJson = await cli(`rollback ${service} --json`);
    expect(JSON.parse(asJson.out)).toMatchObject({ already: { state: 'running' }, worker: true });
    await handleOf(service).terminate();
  });

  test('bad input is named in one sentence, status 2, no stack', async () => {
    const bad = await cli(['rollback', 'UPPER', '--target', 'rm -rf']);
    expect(bad.status).toBe(2);
    expect(bad.err).toMatch(/service: .*target: /);
    expect(bad.err).not.toMatch(/ at .*\.ts/);
    expect(JSON.parse((await cli('rollback UPPER --json')).out)).toMatchObject({
      error: { kind: 'invalid' },
    });
  });

  test('--watch on a terminal asks at the gate, and ends with the outcome', async () => {
    const service = harness.addService();
    const { status, out, asked } = await cli(`rollback ${service} --watch --yes`, ['approve']);
    expect(asked).toEqual([
      expect.stringMatching(/^Gate downgrade, plan [0-9a-f]{12}: what do you say, ada\?$/),
    ]);
    expect(status).toBe(0);
    expect(out).toMatch(/rolled-back: The database is at the target[^]*The database is at 0004/);
    expect(out).toMatch(/✔ Execute the downgrade/);
    expect(out).toMatch(/Report: .*report\.md/);
  });

  test('--watch without a terminal prints each change once, and what to type at the gate', async () => {
    const service = harness.addService();
    await cli(`rollback ${service}`);
    const watching = cli(`rollback ${service} --watch`);
    const { hash } = await runOf(service).gate('downgrade');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await runOf(service).reject('downgrade', 'ben', 'not tonight');
    const { status, out, asked } = await watching;
    expect(asked).toEqual([]);
    expect(status).toBe(4);
    const typed = `backstep approve ${service} --gate downgrade --plan ${hash}`;
    expect(out.split(typed)).toHaveLength(2);
    expect(out).toMatch(/put-back: [^]*not tonight/);
    const lines = out.split('\n').filter((line) => line.includes('✔ Stop write operations'));
    expect(lines).toHaveLength(1);
  });

  test('--watch --json prints objects only', async () => {
    const service = harness.addService({
      activities: { assess: failing('WorkloadMissing', 'no Deployment x') },
    });
    const { status, out } = await cli(`rollback ${service} --watch --json`);
    const last = JSON.parse(out.trim().split('\n').at(-1) ?? '') as { end: { failure: { type: string } } };
    expect(last.end.failure.type).toBe('Refused');
    expect(status).toBe(3);
  });
});
