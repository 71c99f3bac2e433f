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
  'back-up': (of: ProgramDatabases, args: BackUpArguments) => backUp(of.application, args),
  check: (_: ProgramDatabases, args: CheckArguments) => check(args),
  'copy-live': (of: ProgramDatabases, args: CopyLiveArguments) => copyLive(of.application, of.admin, args),
  drill: (of: ProgramDatabases, args: RestoreArguments) => drill(of.admin, args),
  'read-dump': (_: ProgramDatabases, args: ReadDumpArguments) => readDump(args),
  'restore-external': (of: ProgramDatabases, args: RestoreExternalArguments) =>
    restoreExternal(of.admin, args),
  'data-diff': (of: ProgramDatabases, args: DataDiffArguments) => dataDiff(of.admin, args),
  restore: (of: ProgramDatabases, args: RestoreArguments) => restore(of.admin, args),
  artifacts: (_: ProgramDatabases, args: ArtifactArguments) => artifacts(args),
  salvage: (of: ProgramDatabases, args: SalvageArguments) => salvage(of.application, args),
  'put-back-salvage': (of: ProgramDatabases, args: PutBackArguments) => putBackAttached(of.application, args),
};

export type Program = keyof typeof programs;
export const programNames = Object.keys(programs) as Program[];
export type ProgramArguments<P extends Program> = Parameters<(typeof programs)[P]>[1];
export type ProgramResult<P extends Program> = Awaited<ReturnType<(typeof programs)[P]>>;
