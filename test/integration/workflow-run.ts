import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Installation } from './installation.ts';
import type { GateName, Decision } from '../../src/domain/approval/answers.ts';
import type { StepName } from '../../src/activities/steps.ts';
import type { Progress } from '../../src/views/progress.ts';

/** One run of a workflow, driven through Temporal alone, as any client could. */
export interface WorkflowRun {
  handle: WorkflowHandle;
  progress(): Promise<Progress>;
  /** Waits until the gate is open; its hash. */
  gate(gate: GateName): Promise<string>;
  /** Waits until a hold of this step is open; its name. */
  hold(step: string): Promise<NonNullable<Progress['hold']>>;
  step(step: StepName, state: Progress['steps'][number]['state']): Promise<void>;
  approve(gate: GateName, by?: string): Promise<void>;
  reject(gate: GateName, by?: string): Promise<void>;
  decide(step: string, decision: Decision): Promise<void>;
  result(): Promise<Result>;
  /** The failure of a rollback that ends Failed. */
  failure(): Promise<{ type: string; message: string }>;
}

export interface Result {
  outcome: string;
  reason: string;
  operation: string;
  from?: string;
  to?: string;
  counts: { afterStop: Record<string, number>; atEnd: Record<string, number> };
  report?: { markdown: string; json: string };
  notVerified: string[];
  continuesAs?: string;
}

const workflowId = 'backstep-deeptech-radar';
const patience = 200_000;

export async function clientOf(here: Installation): Promise<Client> {
  const connection = await Connection.connect({ address: here.lab.temporal.address });
  return new Client({ connection, namespace: here.temporalNamespace });
}

/** Starts `rollback` with plain JSON, as `temporal workflow start` does. */
export async function start(
  here: Installation,
  request: { service?: string; [field: string]: unknown } = {},
  id = `backstep-${request.service ?? 'deeptech-radar'}`,
): Promise<WorkflowRun> {
  const client = await clientOf(here);
  await client.workflow.start('rollback', {
    taskQueue: 'backstep',
    workflowId: id,
    args: [{ service: 'deeptech-radar', reason: 'test', ...request }],
  });
  return runOf(client, id);
}

/** Cancels what a failed test left open, so that the next one finds its service as it was. */
export async function cancelOpen(here: Installation): Promise<void> {
  const { handle } = runOf(await clientOf(here));
  if ((await handle.describe()).status.name !== 'RUNNING') return;
  await handle.cancel();
  await handle.result().catch(() => undefined);
}

export function runOf(client: Client, id = workflowId): WorkflowRun {
  const handle = client.workflow.getHandle(id);
  const progress = () => handle.query<Progress>('progress');
  const until = async <T>(what: string, look: (now: Progress) => T | undefined): Promise<T> => {
    for (const end = Date.now() + patience; ; await pause(400)) {
      const now = await progress().catch(() => undefined);
      const seen = now && look(now);
      if (seen !== undefined) return seen;
      if (now?.outcome !== undefined || Date.now() > end) {
        throw new Error(`never came to ${what}: ${JSON.stringify(now, undefined, 1)}`);
      }
    }
  };
  const gate = (name: GateName) =>
    until(`gate ${name}`, (now) => (now.gate?.gate === name ? now.gate.hash : undefined));
  const hold = (step: string) =>
    until(`hold at ${step}`, (now) => (now.hold?.step === step ? now.hold : undefined));
  const say =
    (verdict: 'approve' | 'reject') =>
    async (name: GateName, by = 'ada') => {
      await handle.executeUpdate(verdict, { args: [{ gate: name, plan: await gate(name), by }] });
    };
  return {
    handle,
    progress,
    gate,
    hold,
    step: async (name, state) => {
      await until(`${name} ${state}`, (now) =>
        now.steps.some((step) => step.step === name && step.state === state) ? true : undefined,
      );
    },
    approve: say('approve'),
    reject: say('reject'),
    decide: async (step, decision) => {
      const open = await hold(step);
      await handle.executeUpdate('decide', { args: [{ hold: open.hold, decision, by: 'ada' }] });
    },
    result: () => handle.result() as Promise<Result>,
    failure: async () => {
      try {
        const result: unknown = await handle.result();
        throw new Error(`ended well: ${JSON.stringify(result)}`);
      } catch (error) {
        if (!(error instanceof WorkflowFailedError)) throw error;
        const { cause } = error;
        const type = cause instanceof ApplicationFailure ? cause.type : undefined;
        return { type: type ?? '', message: cause?.message ?? '' };
      }
    },
  };
}
