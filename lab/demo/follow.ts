import pc from 'picocolors';
import type { Backstep, Status } from '../../src/client.ts';
import { duration } from '../../src/domain/text.ts';
import type { GateProgress, StepProgress } from '../../src/views/progress.ts';
import { isGuard } from '../../src/activities/steps.ts';

const marks: Partial<Record<StepProgress['state'], string>> = {
  done: pc.green('✔'),
  failed: pc.red('✖'),
  holding: pc.yellow('‖'),
};

/** Prints each step as it ends, and what is being done meanwhile; calls `atGate` once for each open gate. */
export async function follow(
  backstep: Backstep,
  service: string,
  atGate: (gate: GateProgress) => Promise<void>,
): Promise<Status> {
  const printed = new Set<string>();
  let last: Status | undefined;
  for await (const status of backstep.watch(service, 500)) {
    last = status;
    for (const step of status.progress?.steps ?? []) {
      const line = lineOf(step);
      if (line === undefined || printed.has(line)) continue;
      printed.add(line);
      clear();
      console.log(line);
    }
    const gate = status.progress?.gate;
    if (gate !== undefined && !printed.has(gate.hash)) {
      printed.add(gate.hash);
      clear();
      await atGate(gate);
    }
    const hold = status.progress?.hold;
    if (hold !== undefined && !printed.has(hold.hold)) {
      printed.add(hold.hold);
      console.log(`${pc.yellow('Held')} at ${hold.step}: ${hold.fault.message}\n${hold.fault.next}`);
    }
    showDoing(status);
  }
  clear();
  if (last === undefined) throw new Error('the rollback was never seen');
  return last;
}

function lineOf(step: StepProgress): string | undefined {
  const mark = marks[step.state];
  if (mark === undefined || step.startedAt === undefined) return undefined;
  const took = step.endedAt === undefined ? 0 : Date.parse(step.endedAt) - Date.parse(step.startedAt);
  const part = step.part === undefined ? '' : ` ${step.part}`;
  return `${duration(took).padStart(8)}  ${mark} ${pc.bold(step.step + part)}  ${step.summary ?? ''}`;
}

function showDoing(status: Status): void {
  if (!process.stdout.isTTY) return;
  const doing = status.atWork.find(({ step }) => !isGuard(step)) ?? status.atWork[0];
  if (doing === undefined) return;
  const text = `          … ${doing.step}: ${doing.latest?.doing ?? 'begins'}`;
  clear();
  process.stdout.write(pc.dim(text.slice(0, process.stdout.columns - 1)));
}

function clear(): void {
  if (process.stdout.isTTY) process.stdout.write('\r\u001B[K');
}
