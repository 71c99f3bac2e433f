import { createHash } from 'node:crypto';
import type { Observed } from '../../migrations/tool.ts';
import type { Catalog } from '../../postgres/catalog.ts';
import { Failure } from '../../domain/failures.ts';
import type { OperationId } from '../../domain/names.ts';
import type { Rehearsed } from '../../domain/rehearsal.ts';
import { redact } from '../../domain/redact.ts';
import type { SchemaFindings } from '../../schema-diff/schemas.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Evidence } from '../../domain/evidence.ts';

/** The file `<operation>/rehearsal-<try>.json`: the whole of a rehearsal, against which `verify` compares. */
export interface RehearsalFile extends Pick<
  Rehearsed,
  'seconds' | 'locks' | 'changes' | 'losses' | 'warnings' | 'counts'
> {
  from: string;
  target: string;
  /** The copy after the downgrade against what the same migrations build in an empty database. */
  schema: SchemaFindings | { notBuilt: string };
  catalog: { before: Catalog; after: Catalog };
  observed: Observed | undefined;
  /** Lines that the tool and the migrations printed. */
  output: string[];
}

/** What is known of a downgrade that fails. */
type FailedFile = Pick<RehearsalFile, 'from' | 'target' | 'catalog' | 'observed' | 'output'> & {
  failed: string;
};

export async function keepEvidence(
  { storage, operation }: { storage: Storage; operation: OperationId },
  ref: string,
  file: RehearsalFile | FailedFile,
): Promise<Evidence> {
  const whole = { operation, ...file, output: file.output.map(redact) };
  const kept = await storage.put(ref, `${JSON.stringify(whole, undefined, 1)}\n`);
  return {
    ...kept,
    summary: `${'failed' in file ? 'Failed' : 'Rehearsed'} ${file.from} → ${file.target}: ${storage.pathOf(ref)}`,
  };
}

/**
 * Reads it again.
 *
 * @throws Failure StorageFailed where it is gone, or where it is not the one that people approved
 */
export async function readEvidence(storage: Storage, { ref, sha256 }: Evidence): Promise<RehearsalFile> {
  const content = await storage.get(ref);
  if (createHash('sha256').update(content).digest('hex') !== sha256)
    throw new Failure(
      'StorageFailed',
      `The evidence ${storage.pathOf(ref)} is not the one that was approved: its SHA-256 is not ${sha256}.`,
    );
  return JSON.parse(new TextDecoder().decode(content)) as RehearsalFile;
}
