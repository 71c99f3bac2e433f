import type { EmergencyRequest } from '../../domain/plan/emergency-request.ts';
import { minutes, step } from '../../domain/step.ts';

export interface HandOverInput {
  request: EmergencyRequest;
  try: number;
}

/** What became of an emergency restore while another operation of the service is open. */
export type HandedOver =
  | { to: 'nobody' }
  /** The rollback `workflowId` restores, by the decision at its hold. */
  | { to: 'rollback'; workflowId: string; hold: string; said: string }
  /** Open, and not where it could restore; `next` is what a person can do. */
  | { to: 'busy'; workflowId: string; phase: string; next: string };

/** While a rollback of the service holds where it offers `restore`, decides that; otherwise says why not. */
export const handOver = step<HandOverInput, HandedOver>()({
  name: 'hand-over',
  title: 'Look for an open rollback, which would restore itself',
  section: 'Emergency Database Restore',
  onFailure: 'refuse',
  decisions: [],
  limits: { within: minutes(5), attempts: 5 },
  summary: (found) => ({
    summary:
      found.to === 'nobody'
        ? 'No rollback is open'
        : found.to === 'rollback'
          ? `${found.workflowId} restores: ${found.said}`
          : `${found.workflowId} is open (${found.phase})`,
  }),
});
