import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { Backstep } from '../../src/client.ts';
import { lookAtRetention } from '../../src/gateway/health.ts';

/** A Temporal that is away at first, and then keeps ended workflows for so many seconds. */
function keeping(seconds: number, away = 0): Backstep {
  let asked = 0;
  const describeNamespace = async () => {
    if ((asked += 1) <= away) throw new Error('away');
    return { config: { workflowExecutionRetentionTtl: { seconds } } };
  };
  const workflowService = { describeNamespace };
  const options = { namespace: 'default' };
  const connection = { workflowService, withDeadline: (_: number, ask: () => unknown) => ask() };
  return { temporal: { options, connection, workflowService } } as unknown as Backstep;
}

async function warnedOf(backstep: Backstep): Promise<string[]> {
  const warned: string[] = [];
  const write = (line: string) => void warned.push((JSON.parse(line) as { msg: string }).msg);
  await lookAtRetention({ backstep, log: pino({ level: 'warn' }, { write }) }, 1);
  return warned;
}

test('the gateway warns where Temporal forgets ended workflows within a day, as soon as it answers', async () => {
  const warning = [expect.stringMatching(/namespace default for 60 min 00 s only.*--retention 24h/)];
  expect(await warnedOf(keeping(3_600))).toEqual(warning);
  expect(await warnedOf(keeping(3_600, 2))).toEqual(warning);
});

test('a day is enough, and a server that does not say is not warned of', async () => {
  expect(await warnedOf(keeping(86_400))).toEqual([]);
  expect(await warnedOf(keeping(0))).toEqual([]);
});
