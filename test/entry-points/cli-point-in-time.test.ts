import { describe, expect, test } from 'vitest';
import { workflowHarness } from '../workflow/harness.ts';
import { cliHarness } from './cli-harness.ts';

const harness = workflowHarness();
const { cli, handleOf, runOf } = cliHarness(harness);

describe.concurrent('backstep point-in-time-restore', () => {
  test('--to and --target reach the workflow as they were typed', async () => {
    const service = harness.addService();
    const words = `point-in-time-restore ${service} --to 2025-11-18T03:40:00+01:00 --target 0004 --reason corrupt`;
    expect(await cli(words)).toMatchObject({
      status: 0,
      out: expect.stringMatching(/^Started backstep-/) as string,
    });
    await runOf(service).gate('restore');
    expect(harness.calls(service, 'assess')[0]).toMatchObject({
      kind: 'point-in-time-restore',
      request: {
        service,
        to: '2025-11-18T03:40:00+01:00',
        target: '0004',
        reason: 'corrupt',
        requestedBy: 'ada',
      },
    });
    // Law 6: one operation at a time, whatever its kind.
    expect((await cli(`point-in-time-restore ${service}`)).status).toBe(3);
    expect(await cli(`rollback ${service}`)).toMatchObject({
      status: 3,
      err: expect.stringContaining('is open and no rollback but "pointInTimeRestore"') as string,
    });
    await handleOf(service).terminate();
  });

  test('a time without its zone is refused before anything is started, status 2', async () => {
    const service = harness.addService();
    const refused = await cli(`point-in-time-restore ${service} --to 2025-11-18T03:40:00`);
    expect(refused).toMatchObject({
      status: 2,
      err: expect.stringContaining('must be a time with its zone') as string,
    });
    await expect(handleOf(service).describe()).rejects.toThrow();
  });

  test('ends with status 0 once the application runs on the new instance; -1 again would go further', async () => {
    const service = harness.addService();
    await cli(`point-in-time-restore ${service}`);
    const run = runOf(service);
    await run.approve('restore', 'ann');
    await run.approve('restore', 'bob');
    await run.result();
    expect((await cli(`status ${service}`)).status).toBe(0);
    expect(await cli(`point-in-time-restore ${service}`)).toMatchObject({
      status: 3,
      out: expect.stringContaining('would move further') as string,
    });
  });
});
