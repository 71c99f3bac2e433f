import {
  ApplicationFailure,
  defineQuery,
  defineSignal,
  defineUpdate,
  setHandler,
} from '@temporalio/workflow';
import { messages, queries } from '../runbook/messages.ts';
import { reportOf } from '../runbook/report.ts';
import type { Report } from '../runbook/report.ts';
import { progressOf } from '../runbook/views.ts';
import type { PlanView, Progress } from '../runbook/views.ts';
import { consider } from './considered.ts';
import type { MessageName } from './considered.ts';
import type { Operation } from './operation.ts';
import { decoded, undecoded } from './payload.ts';

/** Who says it, as far as a message that counts for nothing tells. */
function sender(body: unknown): string {
  const by = typeof body === 'object' && body !== null && 'by' in body ? body.by : undefined;
  return typeof by === 'string' && by !== '' ? by.slice(0, 200) : 'somebody';
}

function considerSent(operation: Operation, name: MessageName, sent: unknown) {
  const body = decoded(sent);
  if ('fault' in body) return { by: 'somebody', refused: body.fault };
  return { by: sender(body.value), ...consider(operation, name, body.value) };
}

function openDoor(operation: Operation, name: MessageName): void {
  const { description } = messages[name];
  setHandler(
    defineSignal<[unknown]>(name, { typeInfo: undecoded }),
    (sent) => {
      const considered = considerSent(operation, name, sent);
      if ('refused' in considered) operation.ignore(name, considered.by, considered.refused);
      else considered.act();
    },
    { description },
  );
  setHandler(
    defineUpdate<{ message: string }, [unknown]>(name, { typeInfo: undecoded }),
    (sent) => {
      const considered = considerSent(operation, name, sent);
      if ('refused' in considered)
        throw ApplicationFailure.nonRetryable(considered.refused, 'MessageRefused');
      return { message: considered.act() };
    },
    {
      description,
      // Synchronous: an asynchronous validator wedges the workflow. Refused here, nothing enters the history.
      validator: (sent) => {
        const considered = considerSent(operation, name, sent);
        if ('refused' in considered)
          throw ApplicationFailure.nonRetryable(considered.refused, 'MessageRefused');
      },
    },
  );
}

/** Registers every signal, update and query; called before the first await, so that no message is lost. */
export function openDoors(operation: Operation): void {
  for (const name of Object.keys(messages) as MessageName[]) openDoor(operation, name);
  setHandler(defineQuery<Progress>('progress'), () => progressOf(operation.journal, operation.subject), {
    description: queries.progress,
  });
  setHandler(
    defineQuery<PlanView>('plan'),
    () => {
      const { plan, hash, observations } = operation;
      return plan && hash !== undefined && observations ? { plan, hash, observations } : null;
    },
    { description: queries.plan },
  );
  setHandler(defineQuery<Report>('report'), () => reportOf(operation.journal, operation.subject), {
    description: queries.report,
  });
}
