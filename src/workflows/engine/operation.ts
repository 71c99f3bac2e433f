import { defineSearchAttributeKey } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { startApp } from '../../activities/start-app/step.ts';
import type { HowFar } from '../../activities/put-back/step.ts';
import type { StepName } from '../../activities/steps.ts';
import { stopWrites } from '../../activities/stop-writes/step.ts';
import type { Decision, GateName } from '../../domain/approval/answers.ts';
import type { Started } from '../../domain/approval/gate-policy.ts';
import { searchAttributes } from '../../domain/approval/messages.ts';
import type { PersonProof, Way } from '../../domain/approval/statement.ts';
import { samePerson } from '../../domain/approval/verified-statement.ts';
import { defined } from '../../domain/defined.ts';
import { foundBy, foundIn, hasBegun } from '../../domain/journal/journal.ts';
import type { Entry, Event, GateWants, Journal } from '../../domain/journal/journal.ts';
import type { Situation } from '../../domain/leads-to.ts';
import { operationId } from '../../domain/names.ts';
import type {
  OperationRequest,
  Assessment,
  Observations,
  Plan,
  NotificationSettings,
} from '../../domain/plan/plan.ts';
import { attributesOf, details } from '../../views/details.ts';
import type { Subject } from '../../views/progress.ts';
import { situationIn } from '../../views/situation.ts';
import type { Background } from './background.ts';

type EventOf<K extends Event['kind']> = Extract<Event, { kind: K }>;
type Planned = Extract<Assessment, { kind: 'planned' }>;

/** A gate at which people are asked, with what they have answered so far. */
export class OpenGate {
  readonly gate: GateName;
  readonly hash: string;
  readonly people: number;
  readonly wants: GateWants;
  readonly #approvedBy: string[] = [];
  #way: Way | undefined;
  #passedAlone: { by: string; reason?: string } | undefined;
  #rejected: { by: string; reason?: string; proof?: PersonProof } | undefined;

  constructor({ gate, hash, people, wants }: Pick<OpenGate, 'gate' | 'hash' | 'people' | 'wants'>) {
    this.gate = gate;
    this.hash = hash;
    this.people = people;
    this.wants = wants;
  }

  get approvedBy(): readonly string[] {
    return this.#approvedBy;
  }

  /** How the first of them was proved: the others must be proved in the same way. */
  get way(): Way | undefined {
    return this.#way;
  }

  /** Who broke the glass. */
  get passedAlone(): { by: string; reason?: string } | undefined {
    return this.#passedAlone;
  }

  get rejected(): { by: string; reason?: string; proof?: PersonProof } | undefined {
    return this.#rejected;
  }

  get isDecided(): boolean {
    return this.#approvedBy.length >= this.people || this.#passedAlone !== undefined || !!this.#rejected;
  }

  hasApproved(by: string): boolean {
    return this.#approvedBy.some((other) => samePerson(other, by));
  }

  approve(by: string, way?: Way): void {
    this.#way ??= way;
    if (!this.hasApproved(by)) this.#approvedBy.push(by);
  }

  passAlone(by: string, reason?: string): void {
    this.#passedAlone = { by, ...defined({ reason }) };
    if (!this.hasApproved(by)) this.#approvedBy.push(by);
  }

  reject(rejected: { by: string; reason?: string; proof?: PersonProof }): void {
    this.#rejected = rejected;
  }
}

export interface HoldAnswered {
  decision: Decision;
  by: string;
  reason?: string;
  proof?: PersonProof;
}

/** A hold at which a person is asked to decide. */
export class OpenHold {
  readonly hold: string;
  readonly decisions: readonly Decision[];
  #answer: HoldAnswered | undefined;

  constructor({ hold, decisions }: Pick<OpenHold, 'hold' | 'decisions'>) {
    this.hold = hold;
    this.decisions = decisions;
  }

  get answer(): HoldAnswered | undefined {
    return this.#answer;
  }

  decide(answer: HoldAnswered): void {
    this.#answer = answer;
  }
}

/** Above this many, messages that count for nothing are no longer listed one by one. */
const ignoredListed = 50;

/**
 * The state of one operation: what was asked and pinned, the journal, what waits for a person, what runs beside.
 * It changes by its methods alone, and what people see of it follows from the journal.
 */
export class Operation {
  readonly id = operationId(workflowInfo().firstExecutionRunId);
  /** Who this is, for the operation record; the same after a *Reset*. */
  readonly run = {
    workflowId: workflowInfo().workflowId,
    runId: workflowInfo().firstExecutionRunId,
    temporalNamespace: workflowInfo().namespace,
  };
  readonly #journal: Entry[] = [];
  readonly #listeners: ((entry: Entry) => void)[] = [];
  readonly #tries = new Map<string, number>();
  readonly #counted = new Set<string>();
  readonly #background = new Set<Background<unknown>>();
  #requested: OperationRequest;
  #started: Started | undefined;
  #pinned: Planned | undefined;
  #notificationSettings: NotificationSettings | undefined;
  #gate: OpenGate | undefined;
  #hold: OpenHold | undefined;
  #cancelPending = false;
  #attributes: Record<string, string> = {};
  #ignored = 0;
  #proofsInCheck = 0;

  constructor(requested: OperationRequest) {
    this.#requested = requested;
  }

  /** What was asked for, as far as it is proved. */
  get requested(): OperationRequest {
    return this.#requested;
  }

  /** Who started it, where the gateway signed that. */
  get started(): Started | undefined {
    return this.#started;
  }

  /** From now on the request says only what is proved of who asks. */
  proveStart(request: OperationRequest['request'], started: Started | undefined): void {
    this.#requested = { ...this.#requested, request } as OperationRequest;
    this.#started = started;
  }

  get plan(): Plan | undefined {
    return this.#pinned?.plan;
  }

  get hash(): string | undefined {
    return this.#pinned?.hash;
  }

  get observations(): Observations | undefined {
    return this.#pinned?.observations;
  }

  /** Pins the plan: nothing changes it any more. */
  pin(planned: Planned): void {
    this.#pinned = planned;
    this.#show();
  }

  /** Whom the definition tells; undefined as long as that is not known. */
  get notificationSettings(): NotificationSettings | undefined {
    return this.plan?.service ?? this.#notificationSettings;
  }

  /** Without a plan: whom to tell how it ended. */
  endsWithoutPlan(notificationSettings: NotificationSettings | undefined): void {
    this.#notificationSettings = notificationSettings;
  }

  get journal(): Journal {
    return this.#journal;
  }

  get subject(): Subject {
    return {
      service: this.requested.request.service,
      operation: this.id,
      workflowId: this.run.workflowId,
      kind: this.requested.kind,
      ...defined({ plan: this.plan, hash: this.hash }),
    };
  }

  /** Where it is, as far as it decides what answers lead to. */
  get situation(): Situation {
    return situationIn(this.journal, this.subject);
  }

  /** For what undoes: whether there is something to undo, and whether the database may have moved. */
  get howFar(): HowFar {
    return {
      stopped: foundBy(this.journal, stopWrites) !== undefined,
      pivotPassed: this.situation.pivotPassed,
    };
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
    this.#journal.push(entry);
    this.#show();
    for (const hear of this.#listeners) hear(entry);
  }

  /** `hear` is told of every entry, as it is appended; it must not throw. */
  listen(hear: (entry: Entry) => void): void {
    this.#listeners.push(hear);
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

  /** The gate that is open. */
  get gate(): OpenGate | undefined {
    return this.#gate;
  }

  openGate(open: OpenGate, shown: Pick<EventOf<'gate-opened'>, 'expiresAt' | 'shows' | 'dangers'>): void {
    const { gate, hash, people, wants } = open;
    this.#gate = open;
    const wanted = Object.keys(wants).length > 0 && { wants };
    this.note({ kind: 'gate-opened', gate, hash, people, ...shown, ...wanted });
  }

  /** A gate that policy passes is closed without having been open. */
  closeGate({ gate, hash }: OpenGate, closed: Omit<EventOf<'gate-closed'>, 'kind' | 'gate' | 'hash'>): void {
    this.#gate = undefined;
    this.note({ kind: 'gate-closed', gate, hash, ...closed });
  }

  /** The hold that is open: one at a time. */
  get hold(): OpenHold | undefined {
    return this.#hold;
  }

  openHold(held: Omit<EventOf<'hold-opened'>, 'kind'>): OpenHold {
    const open = new OpenHold(held);
    this.#hold = open;
    this.note({ kind: 'hold-opened', ...held });
    return open;
  }

  closeHold(closed: Omit<EventOf<'hold-closed'>, 'kind' | 'hold'>): void {
    const { hold } = this.#hold ?? {};
    this.#hold = undefined;
    // Whoever decides here has seen the cancel request too.
    if (closed.decision !== 'cancelled') this.answerCancel();
    if (hold !== undefined) this.note({ kind: 'hold-closed', hold, ...closed });
  }

  /** From the pivot on nothing is undone by itself. */
  get irreversible(): boolean {
    return this.situation.pivotPassed;
  }

  /** A cancel request that nobody and nothing has answered yet. */
  get cancelPending(): boolean {
    return this.#cancelPending;
  }

  requestCancel(): void {
    this.#cancelPending = true;
    this.note({ kind: 'cancel-requested' });
  }

  answerCancel(): void {
    this.#cancelPending = false;
  }

  /** How many proofs are being checked now. */
  get proofsInCheck(): number {
    return this.#proofsInCheck;
  }

  async checksProof<T>(check: () => Promise<T>): Promise<T> {
    this.#proofsInCheck += 1;
    try {
      return await check();
    } finally {
      this.#proofsInCheck -= 1;
    }
  }

  /** Whether a proof has counted: each counts once. */
  hasCounted(proofHash: string): boolean {
    return this.#counted.has(proofHash);
  }

  count(proofHash: string): void {
    this.#counted.add(proofHash);
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

  /** It ends with the stage, at the latest. */
  runInBackground(running: Background<unknown>): void {
    this.#background.add(running);
  }

  /** Ends whatever runs beside the steps, and waits until it has ended. */
  async endBackground(): Promise<void> {
    const running = [...this.#background];
    this.#background.clear();
    await Promise.all(running.map((each) => each.end()));
  }

  #show(): void {
    setCurrentDetails(details(this.journal, this.subject));
    // Search attributes are set only where registered: an unregistered one wedges the workflow task.
    if (this.#pinned?.searchAttributes) this.#showAttributes();
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
