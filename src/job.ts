import { setTimeout as pause } from 'node:timers/promises';
import { backUp } from './activities/back-up/job.ts';
import { dataDiff, type DataDiffArguments } from './activities/data-diff/job.ts';
import { copyLive, type CopyLiveArguments } from './activities/rehearse-live/job.ts';
import { drill } from './activities/back-up/drill-job.ts';
import type { BackUpArguments, CheckArguments, RestoreArguments } from './dumps/manifest.ts';
import { argumentsVariable, sayFailure, sayResult } from './kubernetes/job-protocol.ts';
import { putBackSalvage, type PutBackArguments } from './activities/salvage/put-back-job.ts';
import { artifacts, type ArtifactArguments } from './activities/messages/artifacts/job.ts';
import { readDump, type ReadDumpArguments } from './dumps/read-dump.ts';
import { restoreGiven, type RestoreGivenArguments } from './activities/restore-beside/job.ts';
import { check, restore } from './activities/restore/job.ts';
import { salvage, type SalvageArguments } from './activities/salvage/job.ts';
import { Failure } from './domain/failures.ts';

/** A person runs it by `kubectl run --attach`, which shows nothing of what was said before it had attached. */
const untilAttached = () => pause(2_000);

/** What runs in Backstep's own job image: `node job.js back-up | check | …`. */
const programs: Record<string, (told: unknown) => Promise<unknown>> = {
  'back-up': (told) => backUp(environment('DATABASE_URL'), told as BackUpArguments),
  check: (told) => check(told as CheckArguments),
  'copy-live': (told) =>
    copyLive(environment('DATABASE_URL'), environment('ADMIN_URL'), told as CopyLiveArguments),
  drill: (told) => drill(environment('ADMIN_URL'), told as RestoreArguments),
  'read-dump': (told) => readDump(told as ReadDumpArguments),
  'restore-given': (told) => restoreGiven(environment('ADMIN_URL'), told as RestoreGivenArguments),
  'data-diff': (told) => dataDiff(environment('ADMIN_URL'), told as DataDiffArguments),
  restore: (told) => restore(environment('ADMIN_URL'), told as RestoreArguments),
  artifacts: (told) => artifacts(told as ArtifactArguments),
  salvage: (told) => salvage(environment('DATABASE_URL'), told as SalvageArguments),
  'put-back-salvage': async (told) => {
    await untilAttached();
    return putBackSalvage(environment('DATABASE_URL'), told as PutBackArguments);
  },
};

function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Failure('JobFailed', `The environment has no ${name}.`);
  return value;
}

// The first process of a container ignores signals that it does not handle; its children go with it.
process.on('SIGTERM', () => process.exit(143));

const name = process.argv[2] ?? '';
try {
  const program = programs[name];
  if (program === undefined)
    throw new Failure('JobFailed', `Unknown program ${name}: one of ${Object.keys(programs).join(', ')}.`);
  sayResult(await program(JSON.parse(environment(argumentsVariable))));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  sayFailure({ type: error instanceof Failure ? error.type : 'JobFailed', message });
  process.exitCode = 1;
}
