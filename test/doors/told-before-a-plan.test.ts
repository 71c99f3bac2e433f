import { describe, expect, test } from 'vitest';
import { withWhomToTell } from '../../src/activities/assess/whom-to-tell.ts';
import { fault } from '../../src/domain/failures.ts';
import { rollbackRequest } from '../../src/domain/plan/request.ts';
import { serviceDefinition } from '../../src/domain/definition/service.ts';
import { definitionSource } from '../example-plan.ts';
import { failing, theatre } from '../workflow/theatre.ts';
import type { Casting } from '../workflow/theatre.ts';

const stage = theatre();

const ref = { secret: 'channels', key: 'k' };
const ops = { name: 'ops', channel: 'slack', url: ref } as const;
const pager = { name: 'pager', channel: 'pagerduty', routingKey: ref } as const;

const serviceOf = (workflowId: string) => workflowId.replace('backstep-', '');
const titles = (service: string) =>
  stage
    .tidings(service)
    .filter(({ to }) => to.name === 'ops')
    .map(({ tiding }) => tiding.title.replace(/^.*?: /, ''));

describe('an end before any plan', () => {
  const alert = { source: 'alertmanager', fingerprint: 'f1', rule: 0 } as const;
  const { notify } = serviceDefinition.parse({ ...definitionSource(), notify: [ops, pager] });
  const tells = { notify, namespace: 'radar' };
  const faults = [fault('SecretMissing', 'a'), fault('DatabaseUnreachable', 'b')];
  const refusing = (more: object = {}): Casting => ({
    request: { alert },
    script: { assess: () => ({ kind: 'refused', faults, ...more }) },
  });

  test('is told where an alert asked and was refused: every fault, before the run fails', async () => {
    const play = await stage.play(refusing({ tells }));
    expect(await play.failure()).toMatchObject({ type: 'Refused' });
    const tidings = stage.tidings(serviceOf(play.handle.workflowId));
    expect(tidings.map(({ to }) => to.name)).toEqual(['ops', 'pager']);
    expect(tidings[0]).toMatchObject({
      namespace: 'radar',
      tiding: {
        state: 'needs-you',
        lines: [expect.stringMatching(/^SecretMissing: a/), expect.stringMatching(/^DatabaseUnreachable: b/)],
      },
    });
    expect(titles(serviceOf(play.handle.workflowId))).toEqual(['refused, and nothing was touched']);
  });

  test('is told where an alert asked and there is nothing to do', async () => {
    const found = {
      kind: 'nothing-to-do',
      reason: 'It is at 0004 already.',
      revision: '0004',
      tells,
    } as const;
    const play = await stage.play({ request: { alert }, script: { assess: () => found } });
    expect(await play.result()).toMatchObject({ outcome: 'nothing-to-do' });
    expect(titles(serviceOf(play.handle.workflowId))).toEqual(['ended nothing-to-do']);
  });

  test('fails as refused although no channel takes it', async () => {
    const play = await stage.play({ ...refusing({ tells }), tell: failing('ChannelRefused') });
    expect(await play.failure()).toMatchObject({ type: 'Refused' });
    expect(await play.progress()).toMatchObject({ outcome: 'rejected' });
  });

  test('of a run whose assessment names nobody has no command that its history lacks', async () => {
    const play = await stage.play(refusing());
    expect(await play.failure()).toMatchObject({ type: 'Refused' });
    expect((await play.progress()).outcome).toBeUndefined();
    expect(stage.tidings(serviceOf(play.handle.workflowId))).toEqual([]);
  });

  test('says whom to tell only where an alert asked, and as far as the definition loads', async () => {
    const definition = serviceDefinition.parse({ ...definitionSource(), notify: [ops, pager] });
    const means = { definitions: { list: async () => [], load: async () => ({ definition }) } };
    const asked = { request: rollbackRequest.parse({ service: 'radar', alert }), onlyPlan: false };
    const assessment = { kind: 'refused', faults } as const;
    expect(await withWhomToTell(means, asked, { ...assessment, faults })).toMatchObject({ tells });
    const bare = { request: rollbackRequest.parse({ service: 'radar' }), onlyPlan: false };
    for (const other of [bare, { ...asked, onlyPlan: true }])
      expect(await withWhomToTell(means, other, { ...assessment, faults })).not.toHaveProperty('tells');
    const faulty = { definitions: { list: async () => [], load: async () => ({ faults }) } };
    expect(await withWhomToTell(faulty, asked, { ...assessment, faults })).not.toHaveProperty('tells');
  });
});
