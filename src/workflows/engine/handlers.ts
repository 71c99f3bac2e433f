import {
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  setHandler,
} from '@temporalio/workflow';
import { messages, queries } from '../../domain/approval/messages.ts';
import type { MessageName } from '../../domain/approval/messages.ts';
import { reportOf } from '../../views/report/report.ts';
import type { Report } from '../../views/report/report.ts';
import { checkProof } from './check-proof.ts';
import { evaluate } from './evaluate.ts';
import type { Operation } from './operation.ts';
import { decoded, undecoded } from './payload.ts';
import type { PlanView, Progress } from '../../views/progress.ts';
import { progressOf } from '../../views/progress.ts';

/** Who says it, as far as a message that counts for nothing tells. */
function sender(body: unknown): string {
  const by = typeof body === 'object' && body !== null && 'by' in body ? body.by : undefined;
  return typeof by === 'string' && by !== '' ? by.slice(0, 200) : 'somebody';
}

type Answer = { said: string } | { by: string; refused: string };

const isPromise = (answer: Answer | Promise<Answer>): answer is Promise<Answer> => 'then' in answer;

function said(answer: Answer): { message: string } {
  if ('refused' in answer) throw refusal(answer.refused);
  return { message: answer.said };
}

const refusal = (why: string) => ApplicationFailure.nonRetryable(why, 'MessageRefused');

/** Considers what was sent, and acts. Only a proof makes it wait: without one it is done when this returns. */
function heard(operation: Operation, name: MessageName, sent: unknown): Answer | Promise<Answer> {
  const body = decoded(sent);
  if ('fault' in body) return { by: 'somebody', refused: body.fault };
  const by = sender(body.value);
  const evaluation = evaluate(operation, name, body.value);
  if ('proof' in evaluation) return proved(operation, name, body.value, evaluation.proof);
  return 'refused' in evaluation ? { by, ...evaluation } : { said: evaluation.act() };
}

/** Considers it again once its proof is checked: meanwhile the gate may have closed, or somebody else decided. */
async function proved(
  operation: Operation,
  name: MessageName,
  body: unknown,
  proof: string,
): Promise<Answer> {
  const by = sender(body);
  const statement = await checkProof(operation, proof);
  if ('refused' in statement) return { by, ...statement };
  const evaluation = evaluate(operation, name, body, statement);
  if ('act' in evaluation) return { said: evaluation.act() };
  return { by, refused: 'refused' in evaluation ? evaluation.refused : 'its proof was not checked' };
}

function openDoor(operation: Operation, name: MessageName): void {
  const { description } = messages[name];
  setHandler(
    defineSignal<[unknown]>(name, { typeInfo: undecoded }),
    (sent) => {
      const ignored = (answer: Answer) => {
        if ('refused' in answer) operation.ignore(name, answer.by, answer.refused);
      };
      const answer = heard(operation, name, sent);
      return isPromise(answer) ? answer.then(ignored) : ignored(answer);
    },
    { description },
  );
  setHandler(
    defineUpdate<{ message: string }, [unknown]>(name, { typeInfo: undecoded }),
    (sent) => {
      const answer = heard(operation, name, sent);
      return isPromise(answer) ? answer.then(said) : said(answer);
    },
    {
      description,
      // Synchronous: an asynchronous validator wedges the workflow. Refused here, nothing enters the history.
      validator: (sent) => {
        const body = decoded(sent);
        const evaluation = 'fault' in body ? { refused: body.fault } : evaluate(operation, name, body.value);
        if ('refused' in evaluation) throw refusal(evaluation.refused);
      },
    },
  );
}

/** A proof that is being checked gets its answer before the workflow ends. */
export async function closeHandlers(): Promise<void> {
  if (!allHandlersFinished()) await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
}

/** Registers every signal, update and query; called before the first await, so that no message is lost. */
export function openHandlers(operation: Operation): void {
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
