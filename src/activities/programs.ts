import { putBackAttached, type PutBackArguments } from './salvage/put-back-job.ts';
import { salvage, type SalvageArguments } from './salvage/job.ts';
import { backUp } from './back-up/job.ts';
import { drill } from './back-up/drill-job.ts';
import { dataDiff, type DataDiffArguments } from './data-diff/job.ts';
import { artifacts, type ArtifactArguments } from './messages/artifacts/job.ts';
import { copyLive, type CopyLiveArguments } from './rehearse-live/job.ts';
import { restoreExternal, type RestoreExternalArguments } from './restore-new-database/job.ts';
import { restore } from './restore/job.ts';
import { check } from '../dumps/fill.ts';
import type { BackUpArguments, CheckArguments, RestoreArguments } from '../dumps/manifest.ts';
import { readDump, type ReadDumpArguments } from '../dumps/read-dump.ts';

/** Where a program finds its databases; reading the URL of one that it was not given throws. */
export interface ProgramDatabases {
  /** As the application's role. */
  readonly application: string;
  /** As the maintenance role. */
  readonly admin: string;
}

/**
 * The programs of Backstep's job image, by the name under which `node job.js` starts them. An activity runs one by
 * `context.runJob`, which takes the arguments and gives the result that are declared here.
 */
export const programs = {
  'back-up': (of: ProgramDatabases, told: BackUpArguments) => backUp(of.application, told),
  check: (_: ProgramDatabases, told: CheckArguments) => check(told),
  'copy-live': (of: ProgramDatabases, told: CopyLiveArguments) => copyLive(of.application, of.admin, told),
  drill: (of: ProgramDatabases, told: RestoreArguments) => drill(of.admin, told),
  'read-dump': (_: ProgramDatabases, told: ReadDumpArguments) => readDump(told),
  'restore-external': (of: ProgramDatabases, told: RestoreExternalArguments) =>
    restoreExternal(of.admin, told),
  'data-diff': (of: ProgramDatabases, told: DataDiffArguments) => dataDiff(of.admin, told),
  restore: (of: ProgramDatabases, told: RestoreArguments) => restore(of.admin, told),
  artifacts: (_: ProgramDatabases, told: ArtifactArguments) => artifacts(told),
  salvage: (of: ProgramDatabases, told: SalvageArguments) => salvage(of.application, told),
  'put-back-salvage': (of: ProgramDatabases, told: PutBackArguments) => putBackAttached(of.application, told),
};

export type Program = keyof typeof programs;
export const programNames = Object.keys(programs) as Program[];
export type ProgramArguments<P extends Program> = Parameters<(typeof programs)[P]>[1];
export type ProgramResult<P extends Program> = Awaited<ReturnType<(typeof programs)[P]>>;
