import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker, makeTelemetryFilterString } from '@temporalio/worker';
import { afterAll, beforeAll, inject } from 'vitest';
import { applicationFailure, activityFunction } from '../../src/activities/activity-function.ts';
import { checkProof } from '../../src/activities/messages/check-proof.ts';
import type { Dependencies } from '../../src/activities/context.ts';
import { createKeys } from '../../src/identity/keys.ts';
import { Failure, type FailureType } from '../../src/domain/failures.ts';
import { shortHash } from '../../src/domain/plan/hash.ts';
import { rehearsalIdOf } from '../../src/domain/live-rehearsal.ts';
import { workflowIdOf } from '../../src/domain/names.ts';
import type { Assessment, EmergencyPlan, PointInTimePlan, RollbackPlan } from '../../src/domain/plan/plan.ts';
import { pointInTimeRequest } from '../../src/domain/plan/point-in-time.ts';
import { rollbackRequest } from '../../src/domain/plan/request.ts';
import type { ServiceDefinitionSource } from '../../src/domain/definition/service.ts';
import type { NotifyInput } from '../../src/views/notification.ts';
import { recoveryPlan } from '../example-recovery.ts';
import { emergencyPlan, examplePlan, findings, observations } from '../example-plan.ts';
import { WorkflowRun } from './workflow-run.ts';
import type { StepName, Input, Output } from '../../src/activities/steps.ts';
import { stepNames } from '../../src/activities/steps.ts';
import type { AssessInput } from '../../src/activities/assess/step.ts';

/** Fake activities of one service; those not given answer as they do when all is well. */
export type FakeActivities = {
  [S in StepName]?: (input: Input<S>, call: number) => Output<S> | Promise<Output<S>>;
};

/** A fake activity that fails as a real one would. */
export const failing =
  (type: FailureType, message = `${type} as the test wants it`) =>
  (): never => {
    throw applicationFailure(new Failure(type, message));
  };

/** A pivot's step that ends before the pivot. */
export const failingBeforePivot = (type: FailureType) => (): never => {
  throw applicationFailure(new Failure(type, `${type} as the test wants it`, { beforePivot: true }));
};

/** Fails at the given calls, counted from 1; otherwise all is well. */
export const failingAt = <S extends StepName>(step: S, calls: number[], type: FailureType) => ({
  [step]: (_input: Input<S>, call: number) =>
    calls.includes(call) ? failing(type)() : (findings[step] as Output<S>),
});

/** Blocks a fake activity until the test opens it. */
export class Latch {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

export type WorkflowType = 'rollback' | 'emergencyRestore' | 'pointInTimeRestore' | 'rehearse';

export interface ServiceSetup {
  activities?: FakeActivities;
  definition?: Partial<ServiceDefinitionSource>;
  plan?: Partial<RollbackPlan>;
  /** Of an emergency restore. */
  emergency?: Partial<EmergencyPlan>;
  /** Of a point-in-time restore. */
  pointInTimePlan?: Partial<PointInTimePlan>;
  request?: object;
  searchAttributes?: boolean;
  /** Tells a channel; without it everything is told. */
  notify?: (input: NotifyInput, call: number) => unknown;
}

async function untilCancelled(): Promise<{ breaches: [] }> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), 100);
  await context.cancelled.catch(() => undefined);
  clearInterval(beat);
  return { breaches: [] };
}

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
});

/** Real workflows on a real server with fake activities: one worker for a test file, one service for each test. */
export class WorkflowHarness {
  readonly #setups = new Map<string, ServiceSetup>();
  readonly #calls = new Map<string, Input<StepName>[]>();
  readonly #notifications = new Map<string, NotifyInput[]>();
  /** Task queue of this file alone, and stem of its services. */
  readonly name = `radar-${randomUUID().slice(0, 8)}`;
  #number = 0;
  #directory = '';
  #worker: Promise<void> = Promise.resolve();
  #stop = () => {};
  /** Opens at the end of the file: an activity whose test failed before it opened its latch would block the shutdown. */
  readonly #closing = new Latch();
  environment!: TestWorkflowEnvironment;
  /** The keys of the harness's gateway, as `backstep setup --gateway-keys` makes them. */
  keys!: { privateKey: string; publicKeys: string };
  /** What checking a proof waits for. */
  beforeProof: () => Promise<void> = () => Promise.resolve();

  async open(server: () => Promise<TestWorkflowEnvironment>): Promise<void> {
    this.environment = await server();
    this.#directory = await mkdtemp(join(tmpdir(), 'backstep-harness-'));
    this.keys = await createKeys(this.#directory);
    const dependencies = { gatewayKeys: this.keys.publicKeys } as Dependencies;
    const worker = await Worker.create({
      connection: this.environment.nativeConnection,
      taskQueue: this.name,
      workflowBundle: { codePath: inject('workflowBundle') },
      activities: {
        ...Object.fromEntries(stepNames.map((step) => [step, (input: never) => this.#act(step, input)])),
        'check-proof': activityFunction(async (context, input: { proof: string; of?: 'start' }) => {
          await this.#unlessClosing(this.beforeProof());
          return checkProof(context, input);
        }, dependencies),
        notify: (input: NotifyInput) => this.#notify(input),
      },
      maxHeartbeatThrottleInterval: 100,
      defaultHeartbeatThrottleInterval: 100,
    });
    this.#stop = () => worker.shutdown();
    this.#worker = worker.run();
  }

  async close(): Promise<void> {
    this.#closing.open();
    this.#stop();
    await this.#worker;
    await this.environment.teardown();
    await rm(this.#directory, { recursive: true });
  }

  /** Adds a service that no other test uses; returns its name. */
  addService(setup: ServiceSetup = {}): string {
    const service = `${this.name}-${++this.#number}`;
    this.#setups.set(service, setup);
    return service;
  }

  /** Starts a rollback with plain JSON. */
  async start(setup: ServiceSetup = {}, workflowId?: string, type?: WorkflowType): Promise<WorkflowRun> {
    const service = this.addService(setup);
    const ownId = type === 'rehearse' ? rehearsalIdOf(service) : workflowIdOf(service);
    return this.startRequest({ service, ...setup.request }, workflowId ?? ownId, {}, type);
  }

  async startRequest(
    request: unknown,
    workflowId: string,
    options: object = {},
    type: WorkflowType = 'rollback',
  ): Promise<WorkflowRun> {
    const handle = await this.environment.client.workflow.start(type, {
      taskQueue: this.name,
      workflowId,
      args: [request],
      ...options,
    });
    return this.follow(handle, String((request as { service?: unknown } | undefined)?.service));
  }

  follow(handle: WorkflowHandle, service: string): WorkflowRun {
    return new WorkflowRun(handle, (step) => this.calls(service, step));
  }

  /** With what a step's activity was called, in order. */
  calls(service: string, step: StepName): Input<StepName>[] {
    const key = `${service} ${step}`;
    const calls = this.#calls.get(key) ?? [];
    this.#calls.set(key, calls);
    return calls;
  }

  /** What was told of a service, attempts included. */
  notifications(service: string): NotifyInput[] {
    const notifications = this.#notifications.get(service) ?? [];
    this.#notifications.set(service, notifications);
    return notifications;
  }

  #unlessClosing<T>(doing: T | Promise<T>): Promise<T> {
    const closing = this.#closing.opened.then(() => {
      throw ApplicationFailure.nonRetryable('the test file has ended');
    });
    return Promise.race([doing, closing]);
  }

  async #notify(input: NotifyInput): Promise<unknown> {
    const { service } = input.notification;
    const notifications = this.notifications(service);
    notifications.push(input);
    return (await this.#setups.get(service)?.notify?.(input, notifications.length)) ?? { delivered: true };
  }

  async #act(step: StepName, input: Input<StepName>): Promise<unknown> {
    const service = 'plan' in input ? input.plan.service.service : input.request.service;
    const setup = this.#setups.get(service);
    if (setup === undefined) throw ApplicationFailure.nonRetryable(`no test added ${service}`);
    const calls = this.calls(service, step);
    calls.push(input);
    const fake = setup.activities?.[step] as ((input: unknown, call: number) => unknown) | undefined;
    if (fake) return this.#unlessClosing(fake(input, calls.length));
    if (step === 'assess') return assessed(setup, input as AssessInput);
    if (step === 'guard-writes') return untilCancelled();
    await pause(1);
    return findings[step];
  }
}

/** Answers as the real activity does: a plan for this request, with its hash. */
export function assessed(setup: ServiceSetup, input: AssessInput): Assessment {
  const { operation } = input;
  const source = { service: input.request.service, ...setup.definition };
  const plan =
    input.kind === 'rollback'
      ? examplePlan({ operation, request: rollbackRequest.parse(input.request), ...setup.plan }, source)
      : input.kind === 'emergency-restore'
        ? emergencyPlan({ operation, request: input.request, ...setup.emergency }, source)
        : recoveryPlan(
            { operation, request: pointInTimeRequest.parse(input.request), ...setup.pointInTimePlan },
            source,
          );
  return {
    kind: 'planned',
    plan,
    hash: shortHash(plan),
    observations,
    searchAttributes: setup.searchAttributes ?? true,
  };
}

const sharedServer = () =>
  TestWorkflowEnvironment.createFromExistingServer({ address: inject('temporalAddress') });

/** Opens for one test file; on the shared development server unless told otherwise. */
export function workflowHarness(server = sharedServer): WorkflowHarness {
  const opened = new WorkflowHarness();
  beforeAll(() => opened.open(server));
  afterAll(() => opened.close());
  return opened;
}
