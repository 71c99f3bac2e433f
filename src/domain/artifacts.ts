import { z } from 'zod';
import { serviceName, type OperationId } from './names.ts';

/** What Backstep left for a person, and a person removes: nothing of it goes by itself. */
export type ArtifactKind =
  | 'snapshot'
  | 'failed database'
  | 'copy'
  | 'dump'
  | 'salvage file'
  | 'unfinished file';

export interface Artifact {
  /** Database, or path in the store of the dumps; by this it is removed. */
  name: string;
  kind: ArtifactKind;
  operation: OperationId;
  bytes?: number;
  /** ISO 8601; absent where nothing tells. */
  since?: string;
  /** ISO 8601; absent where it stays until a person removes it. */
  until?: string;
  expired: boolean;
  /** Why it cannot be removed now. */
  heldBy?: string;
}

export interface ArtifactList {
  service: string;
  artifacts: Artifact[];
  /** What could not be looked at. */
  notes: string[];
}

export interface RemovedArtifacts {
  service: string;
  removed: string[];
  refused: { name: string; why: string }[];
}

export const artifactsRequest = z.strictObject({ service: serviceName });
export type ArtifactRequest = z.infer<typeof artifactsRequest>;

export const removeArtifactsRequest = z
  .strictObject({
    service: serviceName,
    names: z.array(z.string().min(1).max(1_024)).max(200).default([]),
    expired: z.boolean().default(false).describe('Everything that is kept longer than its definition says'),
    requestedBy: z.string().min(1).max(100).optional(),
  })
  .superRefine(({ names, expired }, context) => {
    if (expired === (names.length === 0)) return;
    const message = 'name what is to be removed, or say expired: true; not both';
    context.addIssue({ code: 'custom', path: ['names'], message });
  });
export type RemoveArtifactsRequest = z.infer<typeof removeArtifactsRequest>;

/** The activities of the two workflow types `artifacts` and `removeArtifacts`. */
export interface ArtifactActivities {
  artifacts(input: { request: ArtifactRequest; operation: OperationId }): Promise<ArtifactList>;
  'remove-artifacts'(input: {
    request: RemoveArtifactsRequest;
    operation: OperationId;
  }): Promise<RemovedArtifacts>;
}
