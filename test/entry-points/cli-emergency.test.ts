import { describe, expect, test } from 'vitest';
import { handOver } from '../../src/activities/hand-over/activity.ts';
import { failing, workflowHarness, type ServiceSetup } from '../workflow/harness.ts';
import { cliHarness } from './cli-harness.ts';

const harness = workflowHarness();
const { cli, handleOf, runOf } = cliHarness(harness);
const addService = (activities: ServiceSetup['activities'] = {}) =>
  harness.addService({
    activities: {
      ...activities,
      'hand-over': (input) => handOver({ progress: () => {} }, input),
    },
  });

describe.concurrent('backstep emergency-restore', () => {
  test('starts with what was typed; approved by two, report and status tell what it was, status 0', async () => {
    const service = addService();
    const started = await cli([
      'emergency-restore',
      service,
      '--file',
      'dumps/backup_20251118.sql.gz',
      '--reason',
      'papers are gone',
    ]);
    expect(started).toMatchObject({
      status: 0,
      out: expect.stringMatching(/^Started backstep-/) as string,
    });
    const run = runOf(service);
    const { hash } = await run.gate('restore');
    expect(harness.calls(service, 'assess')[0]).toMatchObject({
      kind: 'emergency-restore',
      request: {
        service,
        from: { file: 'dumps/backup_20251118.sql.gz' },
        reason: 'papers are gone',
        requestedBy: 'ada',
      },
    });
    expect((await cli(`status ${service}`)).out).toContain('Restore into a new database beside');
    for (const by of ['ada', 'grace'])
      expect(await cli(`approve ${service} --gate restore --plan ${hash} --by ${by}`)).toMatchObject({
        status: 0,
      });
    await run.result();
    const status = await cli(`status ${service}`);
    expect(status).toMatchObject({ status: 0, out: expect.stringContaining('restored: ') as string });
    const report = await cli(`report ${service}`);
    expect(report.out).toContain(`# Emergency restore of ${service}: restored`);
    expect(report.out).toContain('| `papers` | lost | 100 | 90 | 10 | 2 | 0 |');
  });

  test('--from and --file together, or a path out of the store: status 2, nothing started', async () => {
    const service = addService();
    expect((await cli(`emergency-restore ${service} --from backup --file a.sql`)).status).toBe(2);
    const bad = await cli(['emergency-restore', service, '--file', '../../etc/passwd']);
    expect(bad).toMatchObject({
      status: 2,
      err: expect.stringContaining('within the backup store') as string,
    });
    expect(harness.calls(service, 'assess')).toEqual([]);
  });

  test('while a rollback holds: that one restores, and the command says so', async () => {
    const service = addService({ verify: failing('VerificationFailed') });
    await cli(`rollback ${service}`);
    const rollback = runOf(service);
    await rollback.approve('downgrade');
    await rollback.hold('verify');
    const told = await cli(`emergency-restore ${service}`);
    expect(told).toMatchObject({ status: 0 });
    expect(told.out).toContain(`It goes on as backstep-${service}. Decided: restore at hold 'verify-1'.`);
    await rollback.approve('restore');
    expect(await rollback.result()).toMatchObject({ outcome: 'restored' });
  });

  test('while a rollback is at a gate: refused with the next move, status 3', async () => {
    const service = addService();
    await cli(`rollback ${service}`);
    await runOf(service).gate('downgrade');
    const told = await cli(`emergency-restore ${service}`);
    expect(told).toMatchObject({ status: 3, out: expect.stringContaining('backstep reject') as string });
    await handleOf(service).terminate();
  });

  test('the same trigger again is answered with the first run', async () => {
    const service = addService();
    await cli(`emergency-restore ${service} --trigger alert-7`);
    await runOf(service).gate('restore');
    const again = await cli(`emergency-restore ${service} --trigger alert-7`);
    expect(again).toMatchObject({ status: 3, out: expect.stringContaining('same trigger') as string });
    await handleOf(service).terminate();
  });

  test('a rollback while an emergency restore is open is refused, and says what is', async () => {
    const service = addService();
    await cli(`emergency-restore ${service}`);
    await runOf(service).gate('restore');
    const told = await cli(`rollback ${service}`);
    expect(told).toMatchObject({ status: 3, err: expect.stringContaining('emergencyRestore') as string });
    await handleOf(service).terminate();
  });
});
