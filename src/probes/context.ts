import type { Cluster } from '../kubernetes/cluster.ts';
import type { MigrationTool } from '../migrations/tool.ts';
import type { Provider } from '../recovery/provider.ts';
import type { Storage } from '../storage/storage.ts';
import type { ReadDumpArguments, ReadDumpResult } from '../dumps/read-dump.ts';
import type { PointInTime } from '../domain/definition/point-in-time.ts';
import type { ServiceDefinition } from '../domain/definition/service.ts';
import type { OperationId } from '../domain/names.ts';
import type { OperationRecord } from '../domain/record.ts';

/** What probes look with, and for whom. They change nothing; the Jobs by which some of them look are removed again. */
export interface ProbeContext {
  service: ServiceDefinition;
  operation: OperationId;
  tool: MigrationTool;
  /** True where nobody means to begin: an open operation is told and refuses nothing, and none is completed. */
  onlyPlan: boolean;
  cluster: Cluster;
  /** Namespace of the operation records. */
  recordsNamespace: string;
  storage: Storage;
  /** Image of Backstep's own Jobs; absent where neither the definition nor the worker names one. */
  jobImage?: string;
  /** Path of the gateway's public keys. */
  gatewayKeys?: string;
  providerOf: (definition: PointInTime) => Promise<Provider>;
  signal: AbortSignal;
  progress: (doing: { doing: string }) => void;
  /** Whether the workflow run that wrote a record still goes on. */
  isOpen: (record: OperationRecord) => Promise<boolean>;
  /** Makes the Secret for Jobs that ask images where the database is fenced off; returns its name. */
  inspectSecret: (database: string) => Promise<string>;
  /** Reads a dump by a Job. */
  readDump: (told: ReadDumpArguments) => Promise<ReadDumpResult>;
}
