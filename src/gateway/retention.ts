import { setTimeout as pause } from 'node:timers/promises';
import { shortRetention } from '../client/retention.ts';
import type { GatewayDependencies } from './app.ts';
import { temporalAnswers } from './health.ts';

/** Temporal may come later. */
const again = 30_000;

/** Warns once, as soon as Temporal answers, where a repeated alert could be taken for a new one. */
export async function lookAtRetention(
  { backstep, log }: Pick<GatewayDependencies, 'backstep' | 'log'>,
  every = again,
): Promise<void> {
  for (;;) {
    try {
      await temporalAnswers(backstep);
      const short = await shortRetention(backstep.temporal);
      if (short !== undefined) log.warn(short);
      return;
    } catch {
      await pause(every, undefined, { ref: false });
    }
  }
}
