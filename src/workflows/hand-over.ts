import type { EmergencyRequest } from '../domain/plan/emergency-request.ts';
import type { Continued } from '../domain/journal/result.ts';
import { Refusal } from './engine/accept.ts';
import { faultOf, runActivity } from './engine/run-activity.ts';
import type { HandedOver } from '../activities/hand-over/step.ts';

/**
 * A rollback that is open and at a hold restores itself: it has the way back that was proved for it, and one
 * operation at a time changes a database (law 6).
 *
 * @returns undefined where no operation of the service is open
 */
export async function handedOver(request: EmergencyRequest): Promise<Continued | undefined> {
  const found = await runActivity('hand-over', { request, try: 1 }).catch((error: unknown): HandedOver => {
    const { type, message } = faultOf(error);
    throw new Refusal(type, message);
  });
  if (found.to === 'nobody') return undefined;
  const { workflowId } = found;
  if (found.to === 'rollback') return { continuesAs: workflowId, said: found.said };
  throw new Refusal(
    'AlreadyRunning',
    `Workflow ${workflowId} is open for ${request.service}, at ${found.phase}. ${found.next}`,
  );
}
