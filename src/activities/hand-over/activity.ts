import { getClient } from '@temporalio/activity';
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { workflowIdOf } from '../../domain/names.ts';
import type { Report } from '../../views/report/report.ts';
import type { Attempt } from '../context.ts';
import type { HandedOver, HandOverInput } from './step.ts';
import type { Progress } from '../../views/progress.ts';

/**
 * Looks whether an operation of the service is open. A rollback that holds where it offers `restore` is told to
 * restore, by its own `decide`: it has the ways back that were proved for it, and is asked only for the one that it
 * would take. Asked twice, the second time finds the hold decided, and says that it is busy restoring.
 */
export async function handOver(
  { progress: notify }: Pick<Attempt, 'progress'>,
  { request }: HandOverInput,
): Promise<HandedOver> {
  const { service } = request;
  const workflowId = workflowIdOf(service);
  const handle = getClient().workflow.getHandle(workflowId);
  notify({ doing: `looking at workflow ${workflowId}` });
  const type = await openType(handle);
  if (type === undefined) return { to: 'nobody' };
  const busy = (phase: string, next: string): HandedOver => ({ to: 'busy', workflowId, phase, next });
  if (type !== 'rollback') return busy(`workflow type ${type}`, follow(service));
  const progress = await handle.query<Progress>('progress');
  const { hold, phase } = progress;
  if (hold === undefined || !hold.decisions.includes('restore')) return busy(phase, nextMove(progress));
  const from = wouldRestoreFrom(await handle.query<Report>('report'));
  if (request.from !== undefined && request.from !== from)
    return busy(
      phase,
      `It would restore from its own ${from.replace('-', ' ')}. To restore from that, start this again with \`--from ${from}\`, or with none. To restore from something else, end it first: \`backstep decide ${service} abort --hold ${hold.hold}\`, then start this again.`,
    );
  try {
    const { message } = await handle.executeUpdate<{ message: string }, [object]>('decide', {
      args: [
        {
          hold: hold.hold,
          decision: 'restore',
          by: request.requestedBy ?? 'emergencyRestore',
          reason: request.reason ?? 'an emergency restore was started',
        },
      ],
    });
    return { to: 'rollback', workflowId, hold: hold.hold, said: message };
  } catch (error) {
    // Somebody else decided just now.
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    return busy(phase, `${error.cause?.message ?? error.message}. ${follow(service)}`);
  }
}

/** The type of the workflow, where it is open. */
async function openType(handle: WorkflowHandle): Promise<string | undefined> {
  try {
    const { status, type } = await handle.describe();
    return status.name === 'RUNNING' ? type : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** A rollback restores from its snapshot while that stands, otherwise from its own backup. */
const wouldRestoreFrom = ({ waysBack }: Report): 'snapshot' | 'backup' =>
  waysBack.some(({ kind, until }) => kind === 'snapshot' && until === undefined) ? 'snapshot' : 'backup';

const follow = (service: string) => `Follow it: \`backstep status ${service} --watch\`.`;

function nextMove({ service, gate, hold }: Progress): string {
  const again = 'then start this again';
  if (gate !== undefined)
    return `Refuse its gate: \`backstep reject ${service} --gate ${gate.gate} --plan ${gate.hash}\`, ${again}.`;
  if (hold !== undefined)
    return `End it: \`backstep decide ${service} abort --hold ${hold.hold}\`, ${again}.`;
  return `It is at work: \`backstep status ${service} --watch\`; once it holds, start this again, and it restores.`;
}
