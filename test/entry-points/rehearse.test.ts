import { describe, expect, test, vi } from 'vitest';
import type { LiveRehearsal } from '../../src/domain/live-rehearsal.ts';
import { rehearsalIdOf } from '../../src/domain/live-rehearsal.ts';
import { findings } from '../example-plan.ts';
import { Latch, failing, workflowHarness, type ServiceSetup } from '../workflow/harness.ts';
import { cliHarness } from './cli-harness.ts';

const harness = workflowHarness();
const { cli } = cliHarness(harness);

const rehearsed = findings.rehearse;
if (!rehearsed.rehearsed) throw new Error('the example is rehearsed');
const works: LiveRehearsal = { outcome: 'works', rehearsal: rehearsed };
const setup = (found: LiveRehearsal, more: ServiceSetup = {}): ServiceSetup => ({
  activities: { 'rehearse-live': () => found },
  ...more,
});

describe.concurrent('backstep rehearse', () => {
  test('0: it works, and what it loses would be kept', async () => {
    const service = harness.addService(setup(works));
    const { status, out } = await cli(`rehearse ${service} -1`);
    expect(status).toBe(0);
    expect(out).toMatch(/works/);
    expect(out).toMatch(/What it removes:\n.*\n {2}scores +saved +Table dropped +7/);
    expect(harness.calls(service, 'assess')).toMatchObject([{ onlyPlan: true, request: { target: '-1' } }]);
    expect(harness.calls(service, 'stop-writes')).toEqual([]);
  });

  test('4: it works, and loses what nobody would keep', async () => {
    const service = harness.addService(setup(works, { definition: { salvage: { use: 'never' } } }));
    const { status, out } = await cli(['rehearse', service, '--json']);
    expect(status).toBe(4);
    expect(JSON.parse(out)).toMatchObject({ outcome: 'works', notSalvaged: rehearsed.losses });
  });

  test('4: it works and is not right: it does nothing, or leaves another schema than the migrations make', async () => {
    const wrong = [
      '0005: its downgrade does nothing (no statement was run), though its upgrade does something',
    ];
    const rehearsal = { ...rehearsed, losses: [], warnings: wrong, wrong };
    const service = harness.addService(setup({ outcome: 'works', rehearsal }));
    const { status, out } = await cli(`rehearse ${service}`);
    expect(status).toBe(4);
    expect(out).toMatch(
      /works, but is NOT RIGHT[^]*Warning: 0005: its downgrade does nothing[^]*It removes nothing/,
    );
  });

  test('4: it fails on the copy, and Alembic’s own error is told', async () => {
    const why = '0005.py:51: division by zero';
    const service = harness.addService(setup({ outcome: 'fails', why }));
    expect(await cli(`rehearse ${service}`)).toMatchObject({
      status: 4,
      out: expect.stringMatching(/FAILS\n0005\.py:51: division by zero/) as string,
    });
  });

  test('3: it yielded to a rollback', async () => {
    const service = harness.addService(setup({ outcome: 'yielded', why: 'operation bs-1 holds radar' }));
    expect(await cli(`rehearse ${service}`)).toMatchObject({
      status: 3,
      out: expect.stringMatching(/yielded: operation bs-1/) as string,
    });
  });

  test('2 and 3: refused with every fault and its next move', async () => {
    const bad = harness.addService({ activities: { assess: failing('TargetUnknown') } });
    expect(await cli(`rehearse ${bad} nowhere`)).toMatchObject({
      status: 2,
      out: expect.stringMatching(/TargetUnknown: .*\nNext: Start again with one of the revisions/) as string,
    });
    const refused = harness.addService({ activities: { assess: failing('SecretMissing') } });
    expect((await cli(`rehearse ${refused}`)).status).toBe(3);
    expect((await cli('rehearse UPPER')).status).toBe(2);
  });

  test('one at a time; and from a Schedule, which appends a time to the ID, as the one of its service', async () => {
    const latch = new Latch();
    const service = harness.addService({
      activities: {
        'rehearse-live': async () => {
          await latch.opened;
          return works;
        },
      },
    });
    const { client } = harness.environment;
    const scheduled = await client.workflow.start('rehearse', {
      taskQueue: harness.name,
      workflowId: `${rehearsalIdOf(service)}-2026-11-23T03:00:00Z`,
      args: [{ service }],
    });
    await vi.waitUntil(() => harness.calls(service, 'rehearse-live').length > 0, 30_000);
    expect(await cli(`rehearse ${service}`)).toMatchObject({
      status: 3,
      err: expect.stringMatching(/is open already/) as string,
    });
    latch.open();
    expect(await scheduled.result()).toMatchObject({ service, outcome: 'works' });
    expect(await client.workflow.getHandle(rehearsalIdOf(service)).result()).toMatchObject({
      outcome: 'works',
    });
  });
});
