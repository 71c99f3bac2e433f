import type { SnapshotKindName } from '../domain/definition/snapshot.ts';
import { clone } from './clone.ts';
import type { SnapshotKind } from './kind.ts';

/** Every kind, a line each. */
const kinds: Record<SnapshotKindName, SnapshotKind> = { clone };

/** The kind of a snapshot, or the one that a definition asks for. */
export const snapshotKind = ({ kind }: { kind: SnapshotKindName }): SnapshotKind => kinds[kind];
