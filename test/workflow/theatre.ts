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
import { applicationFailure, bounded } from '../../src/activities/boundary.ts';
import { checkProof } from '../../src/activities/messages/check-proof.ts';
import type { Means } from '../../src/activities/means.ts';
import { createKeys } from '../../src/identity/keys.ts';
import type { DeedInput, DeedOutput } from '../../src/domain/deeds.ts';
import { Failure, type FailureType } from '../../src/domain/failures.ts';
import { shortHash } from '../../src/domain/plan/hash.ts';
import { workflowIdOf } from '../../src/domain/names.ts';
import type { Assessment, EmergencyPlan, PointInTimePlan, RollbackPlan } from '../../src/domain/plan/plan.ts';
import { pointInTimeRequest } from '../../src/domain/plan/point-in-time.ts';
import { rollbackRequest } from '../../src/domain/plan/request.ts';
import type { ServiceDefinitionSource } from '../../src/domain/definition/service.ts';
import { stepNames, type StepName } from '../../src/domain/steps.ts';
import type { TellInput } from '../../src/views/notification.ts';
import { momentPlan } from '../example-moment.ts';
import { emergencyPlan, examplePlan, findings, observations } from '../example-plan.ts';
import { Play } from './play.ts';

/** What the deeds of one play do; those not given do what they do when all is well. */
export type Script = {
  [S in StepName]?: (input: DeedInput<S>, call: number) => DeedOutput<S> | Promise<DeedOutput<S>>;
};

/** A deed that fails as the boundary would make it fail. */
export const failing =
  (type: FailureType, message = `${type} as the test wants it`) =>
  (): never => {
    throw applicationFailure(new Failure(type, message));
  };

/** Fails at the given calls, counted from 1; otherwise all is well. */
export const failingAt = <S extends StepName>(step: S, calls: number[], type: FailureType) => ({
  [step]: (_input: DeedInput<S>, call: number) =>
    calls.includes(call) ? failing(type)() : (findings[step] as DeedOutput<S>),
});

/** Something that a deed waits for until the test lets it go. */
export class Latch {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

export type WorkflowType = 'rollback' | 'emergencyRestore' | 'pointInTimeRestore';

export interface Casting {
  script?: Script;
  definition?: Partial<ServiceDefinitionSource>;
  plan?: Partial<RollbackPlan>;
  /** Of an emergency restore. */
  emergency?: Partial<EmergencyPlan>;
  /** Of a point-in-time restore. */
  moment?: Partial<PointInTimePlan>;
  request?: object;
  searchAttributes?: boolean;
  /** Tells a channel; without it everything is told. */
  tell?: (input: TellInput, call: number) => unknown;
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

/** The theatre's own company: one worker plays every test of a file at once, each on a service of its own. */
export class Theatre {
  readonly #castings = new Map<string, Casting>();
  readonly #calls = new Map<string, DeedInput<StepName>[]>();
  readonly #tidings = new Map<string, TellInput[]>();
  /** Task queue of this file alone, and stem of its services. */
  readonly name = `radar-${randomUUID().slice(0, 8)}`;
  #number = 0;
  #directory = '';
  #worker: Promise<void> = Promise.resolve();
  #stop = () => {};
  /** Opens when the theatre closes: a deed whose test failed before letting it go would be waited for for ever. */
  readonly #closing = new Latch();
  environment!: TestWorkflowEnvironment;
  /** The keys of the theatre's gateway, as `backstep setup --gateway-keys` makes them. */
  keys!: { privateKey: string; publicKeys: string };
  /** What checking a proof waits for. */
  beforeProof: () => Promise<void> = () => Promise.resolve();

  async open(server: () => Promise<TestWorkflowEnvironment>): Promise<void> {
    this.environment = await server();
    this.#directory = await mkdtemp(join(tmpdir(), 'backstep-theatre-'));
    this.keys = await createKeys(this.#directory);
    const means = { gatewayKeys: this.keys.publicKeys } as Means;
    const worker = await Worker.create({
      connection: this.environment.nativeConnection,
      taskQueue: this.name,
      workflowBundle: { codePath: inject('workflowBundle') },
      activities: {
        ...Object.fromEntries(stepNames.map((step) => [step, (input: never) => this.#act(step, input)])),
        'check-proof': bounded(async (means, input: { proof: string; of?: 'start' }) => {
          await this.#unlessClosing(this.beforeProof());
          return checkProof(means, input);
        }, means),
        tell: (input: TellInput) => this.#tell(input),
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

  /** A service that nobody else uses, with its script. */
  cast(casting: Casting = {}): string {
    const service = `${this.name}-${++this.#number}`;
    this.#castings.set(service, casting);
    return service;
  }

  /** Starts a rollback with plain JSON. */
  async play(casting: Casting = {}, workflowId?: string, type?: WorkflowType): Promise<Play> {
    const service = this.cast(casting);
    return this.start({ service, ...casting.request }, workflowId ?? workflowIdOf(service), {}, type);
  }

  async start(
    request: unknown,
    workflowId: string,
    options: object = {},
    type: WorkflowType = 'rollback',
  ): Promise<Play> {
    const handle = await this.environment.client.workflow.start(type, {
      taskQueue: this.name,
      workflowId,
      args: [request],
      ...options,
    });
    return this.follow(handle, String((request as { service?: unknown } | undefined)?.service));
  }

  follow(handle: WorkflowHandle, service: string): Play {
    return new Play(handle, (step) => this.calls(service, step));
  }

  /** With what a step's deed was called, in order. */
  calls(service: string, step: StepName): DeedInput<StepName>[] {
    const key = `${service} ${step}`;
    const calls = this.#calls.get(key) ?? [];
    this.#calls.set(key, calls);
    return calls;
  }

  /** What was told of a service, attempts included. */
  tidings(service: string): TellInput[] {
    const tidings = this.#tidings.get(service) ?? [];
    this.#tidings.set(service, tidings);
    return tidings;
  }

  #unlessClosing<T>(doing: T | Promise<T>): Promise<T> {
    const closing = this.#closing.opened.then(() => {
      throw ApplicationFailure.nonRetryable('the theatre closes');
    });
    return Promise.race([doing, closing]);
  }

  async #tell(input: TellInput): Promise<unknown> {
    const { service } = input.tiding;
    const tidings = this.tidings(service);
    tidings.push(input);
    return (await this.#castings.get(service)?.tell?.(input, tidings.length)) ?? { told: true };
  }

  async #act(step: StepName, input: DeedInput<StepName>): Promise<unknown> {
    const service = 'plan' in input ? input.plan.service.service : input.request.service;
    const casting = this.#castings.get(service);
    if (casting === undefined) throw ApplicationFailure.nonRetryable(`nobody cast ${service}`);
    const calls = this.calls(service, step);
    calls.push(input);
    const scripted = casting.script?.[step] as ((input: unknown, call: number) => unknown) | undefined;
    if (scripted) return this.#unlessClosing(scripted(input, calls.length));
    if (step === 'assess') return assessed(casting, input as DeedInput<'assess'>);
    if (step === 'keep-writes-stopped') return untilCancelled();
    await pause(1);
    return findings[step];
  }
}

/** Answers as the real deed does: a plan for this request, with its hash. */
export function assessed(casting: Casting, input: DeedInput<'assess'>): Assessment {
  const { operation } = input;
  const source = { service: input.request.service, ...casting.definition };
  const plan =
    input.kind === undefined
      ? examplePlan({ operation, request: rollbackRequest.parse(input.request), ...casting.plan }, source)
      : input.kind === 'emergency-restore'
        ? emergencyPlan({ operation, request: input.request, ...casting.emergency }, source)
        : momentPlan(
            { operation, request: pointInTimeRequest.parse(input.request), ...casting.moment },
            source,
          );
  return {
    kind: 'planned',
    plan,
    hash: shortHash(plan),
    observations,
    searchAttributes: casting.searchAttributes ?? true,
  };
}

const sharedServer = () =>
  TestWorkflowEnvironment.createFromExistingServer({ address: inject('temporalAddress') });

/** Opens for one test file; on the shared development server unless told otherwise. */
export function theatre(server = sharedServer): Theatre {
  const opened = new Theatre();
  beforeAll(() => opened.open(server));
  afterAll(() => opened.close());
  return opened;
}
