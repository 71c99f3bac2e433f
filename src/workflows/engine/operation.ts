import { defineSearchAttributeKey } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { attributesOf, details } from '../../views/details.ts';
import type { Started } from '../../domain/approval/gate-policy.ts';
import type { Entry, Event, GateWants } from '../../domain/journal/journal.ts';
import { searchAttributes } from '../../domain/approval/messages.ts';
import { operationId } from '../../domain/names.ts';
import type { Asked, Observations, Plan, WhomToTell } from '../../domain/plan/plan.ts';
import type { PersonProof, Way } from '../../domain/approval/statement.ts';
import type { GateName, Decision } from '../../domain/approval/answers.ts';
import type { StepName } from '../../activities/steps.ts';
import type { Subject } from '../../views/progress.ts';
import { situationIn } from '../../views/situation.ts';
import type { Situation } from '../../domain/leads-to.ts';
import { foundIn, hasBegun } from '../../domain/journal/journal.ts';
import { startApp } from '../../activities/start-app/step.ts';
import { stopWrites } from '../../activities/stop-writes/step.ts';

export interface OpenGate {
  gate: GateName;
  hash: string;
  people: number;
  wants: GateWants;
  approvedBy: string[];
  /** How the first of them was proved who was: the others must be, too. */
  way?: Way;
  /** By a person who broke the glass. */
  passedAlone?: { by: string; reason?: string };
  rejected?: { by: string; reason?: string; proof?: PersonProof };
}

export const isDecided = ({ people, approvedBy, passedAlone, rejected }: OpenGate) =>
  approvedBy.length >= people || passedAlone !== undefined || rejected !== undefined;

export interface OpenHold {
  hold: string;
  decisions: readonly Decision[];
  answer?: { decision: Decision; by: string; reason?: string; proof?: PersonProof };
}

/** Above this many, messages that count for nothing are no longer listed one by one. */
const ignoredListed = 50;

/** The state of one operation: the journal, the plan, and what waits for a person. */
export class Operation {
  readonly journal: Entry[] = [];
  readonly id = operationId(workflowInfo().firstExecutionRunId);
  /** Who this is, for the operation record; the same after a *Reset*. */
  readonly run = {
    workflowId: workflowInfo().workflowId,
    runId: workflowInfo().firstExecutionRunId,
    temporalNamespace: workflowInfo().namespace,
  };
  plan?: Plan;
  hash?: string;
  observations?: Observations;
  /** Without a plan. */
  tells?: WhomToTell;
  gate: OpenGate | undefined;
  hold: OpenHold | undefined;
  /** Where the gateway signed who started it. */
  started: Started | undefined;
  /** From the pivot on nothing unwinds by itself. */
  irreversible = false;
  writesStopped = false;
  /** A cancel request that no hold has answered yet. */
  cancelPending = false;
  /** Search attributes are set only where registered: an unregistered one wedges the workflow task. */
  searchable = false;
  /** Hashes of the proofs that counted: each counts once. */
  readonly counted = new Set<string>();
  /** Proofs that are being checked now. */
  checking = 0;
  /** Hears every entry, as it is appended; must not throw. */
  onEntry: (entry: Entry) => void = () => {};
  readonly #tries = new Map<string, number>();
  #attributes: Record<string, string> = {};
  #ignored = 0;

  /** @param asked what was asked for, as far as it is proved */
  constructor(public asked: Asked) {}

  get subject(): Subject {
    return {
      service: this.asked.request.service,
      ...(this.asked.kind && { kind: this.asked.kind }),
      operation: this.id,
      workflowId: this.run.workflowId,
      ...(this.plan && { plan: this.plan }),
      ...(this.hash !== undefined && { hash: this.hash }),
    };
  }

  /** Where it is, as far as it decides what answers lead to. */
  get situation(): Situation {
    return situationIn(this.journal, this.subject);
  }

  /** Whether the application may have written since writes were first stopped, also under a run taken up. */
  get hadStarted(): boolean {
    return (
      hasBegun(this.journal, startApp) ||
      this.journal.some((entry) => foundIn(entry, stopWrites)?.resumedAt !== undefined)
    );
  }

  /** Appends to the journal; whatever people see follows from it. */
  note(event: Event): void {
    const entry = { ...event, at: new Date().toISOString() };
    this.journal.push(entry);
    setCurrentDetails(details(this.journal, this.subject));
    if (this.searchable) this.#showAttributes();
    this.onEntry(entry);
  }

  /** Journals a message that counted for nothing. A flood must not fill the journal. */
  ignore(message: string, by: string, why: string): void {
    this.#ignored += 1;
    if (this.#ignored < ignoredListed) this.note({ kind: 'message-ignored', message, by, why });
    if (this.#ignored === ignoredListed)
      this.note({
        kind: 'message-ignored',
        message,
        by,
        why: `${why} (further ignored messages are not listed)`,
      });
  }

  /** The number that the next try of a step will have. */
  upcomingTry(name: StepName, part?: string): number {
    return (this.#tries.get(`${name} ${part ?? ''}`) ?? 0) + 1;
  }

  nextTry(name: StepName, part?: string): number {
    const number = this.upcomingTry(name, part);
    this.#tries.set(`${name} ${part ?? ''}`, number);
    return number;
  }

  #showAttributes(): void {
    const values = Object.entries(attributesOf(this.journal, this.subject));
    const changed = values.filter(([name, value]) => this.#attributes[name] !== value);
    if (changed.length === 0) return;
    this.#attributes = Object.fromEntries(values);
    upsertSearchAttributes(
      changed.map(([name, value]) => ({
        key: defineSearchAttributeKey(searchAttributes[name as keyof typeof searchAttributes], 'KEYWORD'),
        value,
      })),
    );
  }
}
