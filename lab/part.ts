import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, launch, stop, untilReady } from './process.ts';
import type { Launch, Running } from './process.ts';
import { saveState } from './state.ts';
import type { State } from './state.ts';

/** A server of the lab. */
export interface Part {
  name: string;
  /** Makes what the server needs on disk and says how to start it; called only when it has to be started. */
  prepare: () => Promise<Omit<Launch, 'name'>>;
  /** Whether it answers as it should, and it is this very process that answers. Never throws. */
  healthy: (running: Running) => Promise<boolean>;
  readyWithinSeconds: number;
}

/** A busy machine answers late: a server that lives is deaf only after this long. */
const patienceSeconds = 15;

/** Whether the recorded process lives, is the one we started, and answers. Never throws. */
export async function isWell(state: State, part: Part): Promise<boolean> {
  const end = Date.now() + patienceSeconds * 1000;
  for (;;) {
    const recorded = state.processes[part.name];
    if (!isAlive(recorded)) return false;
    if (await part.healthy(recorded)) return true;
    if (Date.now() > end) return false;
    await sleep(200);
  }
}

/** Leaves a healthy server alone; replaces one that is dead or deaf. Recorded before it is waited for. */
export async function ensure(state: State, part: Part): Promise<Running> {
  const recorded = state.processes[part.name];
  if (recorded !== undefined) {
    if (await isWell(state, part)) return recorded;
    await stop(recorded);
  }
  const running = await launch({ name: part.name, ...(await part.prepare()) });
  state.processes[part.name] = running;
  saveState(state);
  await untilReady(part.name, running, part.readyWithinSeconds, () => part.healthy(running));
  return running;
}
