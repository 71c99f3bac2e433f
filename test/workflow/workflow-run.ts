import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Finished } from '../../src/domain/journal/result.ts';
import type { Report } from '../../src/views/report/report.ts';
import type { GateName, Decision } from '../../src/domain/approval/answers.ts';
import type { StepName, Input } from '../../src/activities/steps.ts';
import type { Progress } from '../../src/views/progress.ts';

const patience = 20_000;

/** One run of a workflow, driven through Temporal alone. */
export class WorkflowRun {
  constructor(
    readonly handle: WorkflowHandle,
    private readonly called: (step: StepName) => Input<StepName>[],
  ) {}

  calls = <S extends StepName>(step: S) => this.called(step) as Input<S>[];
  progress = () => this.handle.query<Progress>('progress');
  report = () => this.handle.query<Report>('report');

  async until<T>(what: string, look: (now: Progress) => T | undefined | false): Promise<T> {
    for (const end = Date.now() + patience; ; await pause(60)) {
      const now = await this.progress();
      const seen = look(now);
      if (seen !== undefined && seen !== false) return seen;
      if (Date.now() > end) throw new Error(`waited in vain for ${what}: ${JSON.stringify(now, null, 1)}`);
    }
  }

  gate = (name: GateName) =>
    this.until(`gate ${name}`, ({ gate }) => (gate?.gate === name ? gate : undefined));
  hold = (step: string) => this.until(`hold ${step}`, ({ hold }) => (hold?.step === step ? hold : undefined));
  running = (step: string) =>
    this.until(`${step} running`, ({ steps }) =>
      steps.some((line) => line.step === step && line.state === 'running'),
    );

  async approve(name: GateName, by = 'ann'): Promise<string> {
    const { hash } = await this.gate(name);
    const answer = await this.handle.executeUpdate<{ message: string }, [object]>('approve', {
      args: [{ gate: name, plan: hash, by }],
    });
    return answer.message;
  }

  async reject(name: GateName, by = 'ann', reason = 'not tonight'): Promise<void> {
    const { hash } = await this.gate(name);
    await this.handle.executeUpdate('reject', { args: [{ gate: name, plan: hash, by, reason }] });
  }

  async decide(step: string, decision: Decision, by = 'ann'): Promise<void> {
    const { hold } = await this.hold(step);
    await this.handle.executeUpdate('decide', { args: [{ hold, decision, by }] });
  }

  /** The reason for which an update is refused. */
  async refusal(update: string, body: unknown): Promise<string> {
    try {
      await this.handle.executeUpdate(update, { args: [body] });
    } catch (error) {
      return ((error as Error).cause as Error | undefined)?.message ?? String(error);
    }
    throw new Error(`update ${update} was accepted`);
  }

  result = () => this.handle.result() as Promise<Finished>;

  /** The failure of a rollback that ends Failed. */
  async failure(): Promise<{ type: string; message: string }> {
    try {
      await this.handle.result();
    } catch (error) {
      if (error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure)
        return { type: error.cause.type ?? '', message: error.cause.message };
      throw error;
    }
    throw new Error('the workflow ended well');
  }
}
