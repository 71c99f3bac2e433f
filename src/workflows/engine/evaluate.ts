import type { ZodType } from 'zod';
import { annotationsKept, messages } from '../../domain/approval/messages.ts';
import type {
  AcknowledgeMessage,
  AnnotateMessage,
  ApproveMessage,
  DecisionMessage,
  MessageName,
  VerdictMessage,
} from '../../domain/approval/messages.ts';
import { faultsOf } from '../../domain/plan/request.ts';
import { samePerson } from '../../domain/approval/verified-statement.ts';
import type { Said } from '../../domain/approval/verified-statement.ts';
import type { Statement } from '../../domain/approval/statement.ts';
import { tooMany } from './check-proof.ts';
import { mayNotApprove, notAuthorized, provedBy, remember, wayOf } from './authorize.ts';
import type { Sent } from './authorize.ts';
import type { Operation } from './operation.ts';
import { annotationsIn } from '../../views/progress.ts';

/**
 * A message counts, and then acts and answers in one sentence; or it would, if what is said to prove its person
 * does; or it counts for nothing, and why (law 5).
 */
export type Evaluation = { refused: string } | { proof: string } | { act: () => string };

/** Why a verdict does not count: no gate, another gate, another plan. */
function mismatch({ gate }: Operation, message: VerdictMessage): string | undefined {
  if (gate === undefined)
    return `no gate is open, so this decision came before or after its gate '${message.gate}'`;
  if (gate.gate !== message.gate) return `the open gate is '${gate.gate}', not '${message.gate}'`;
  if (gate.hash !== message.plan)
    return `this gate is for plan ${gate.hash}, not ${message.plan}: look again at what would be approved`;
  return undefined;
}

const because = (reason: string | undefined) => reason !== undefined && { reason };

function approval(operation: Operation, message: ApproveMessage, sent: Sent): Evaluation {
  const { gate } = operation;
  const refused = mismatch(operation, message);
  if (gate === undefined || refused !== undefined) return { refused: refused ?? '' };
  const { by, reason, gate: name, plan: hash, breakGlass = false } = message;
  if (!breakGlass && gate.hasApproved(by))
    return { refused: `'${by}' has approved already; another person is needed` };
  if (gate.isDecided) return { refused: 'this gate is decided already' };
  return counting(operation, sent, mayNotApprove(operation, gate, sent), () => {
    const approved = { kind: 'gate-approved', gate: name, hash, by, ...because(reason) } as const;
    if (breakGlass) gate.passAlone(by, reason);
    else gate.approve(by, wayOf(sent));
    operation.note({ ...approved, ...provedBy(sent), ...(breakGlass && { breakGlass }) });
    const missing = gate.people - gate.approvedBy.length;
    if (breakGlass && missing > 0)
      return `Glass broken: gate '${name}' is passed by ${by} alone; the report begins with that.`;
    return missing <= 0
      ? `Approved: gate '${name}' is passed.`
      : `Counted: ${missing} more ${missing === 1 ? 'person' : 'people'} needed at gate '${name}'.`;
  });
}

function rejection(operation: Operation, message: VerdictMessage, sent: Sent): Evaluation {
  const { gate } = operation;
  const refused = mismatch(operation, message);
  if (gate === undefined || refused !== undefined) return { refused: refused ?? '' };
  if (gate.isDecided) return { refused: 'this gate is decided already' };
  return counting(operation, sent, notAuthorized(operation, sent), () => {
    const { by, reason } = message;
    gate.reject({ by, ...because(reason), ...provedBy(sent) });
    return `Rejected: gate '${message.gate}' is closed.`;
  });
}

function decision(operation: Operation, message: DecisionMessage, sent: Sent): Evaluation {
  const { hold } = operation;
  if (hold === undefined) return { refused: 'no hold is open' };
  if (hold.hold !== message.hold)
    return { refused: `the open hold is '${hold.hold}', not '${message.hold}'` };
  if (!hold.decisions.includes(message.decision))
    return { refused: `hold '${hold.hold}' can be answered with: ${hold.decisions.join(', ')}` };
  if (hold.answer) return { refused: `hold '${hold.hold}' is decided already: ${hold.answer.decision}` };
  return counting(operation, sent, notAuthorized(operation, sent), () => {
    const { by, reason } = message;
    hold.decide({ decision: message.decision, by, ...because(reason), ...provedBy(sent) });
    return `Decided: ${message.decision} at hold '${hold.hold}'.`;
  });
}

/** Once for each time that somebody new was told: who is on it now need not say it again. */
function acknowledgement(operation: Operation, { by }: AcknowledgeMessage, sent: Sent): Evaluation {
  const { journal } = operation;
  const since = journal.findLastIndex(({ kind }) => kind === 'escalated');
  const already = journal
    .slice(since + 1)
    .some((entry) => entry.kind === 'acknowledged' && samePerson(entry.by, by));
  if (already) return { refused: `'${by}' has acknowledged already` };
  return counting(operation, sent, notAuthorized(operation, sent), () => {
    operation.note({ kind: 'acknowledged', by, ...provedBy(sent) });
    return `Acknowledged: ${by} is on it.`;
  });
}

/** An alert that says again what is known, or one of a flood, is not noted: a refused update writes no event. */
function annotation(operation: Operation, message: AnnotateMessage): Evaluation {
  const { source, fingerprint, status, text } = message;
  const noted = annotationsIn(operation.journal);
  const { request } = operation.requested;
  const began = 'alert' in request && request.alert?.fingerprint === fingerprint && status === 'firing';
  if (began || noted.some((each) => each.fingerprint === fingerprint && each.status === status))
    return { refused: `alert ${fingerprint} is noted as ${status} already` };
  if (noted.length >= annotationsKept)
    return { refused: `${annotationsKept} alerts are noted already; no more are` };
  return {
    act: () => {
      operation.note({ kind: 'annotated', source, fingerprint, status, text });
      return `Noted: alert ${fingerprint} is ${status}; the rollback goes on as it was.`;
    },
  };
}

/** Counts for a person who may say it; with a proof, once that is checked. */
function counting(
  operation: Operation,
  sent: Sent,
  refused: string | undefined,
  act: () => string,
): Evaluation {
  if (refused !== undefined) return { refused };
  if (sent.standing === 'unchecked') {
    const busy = tooMany(operation);
    return busy === undefined ? { proof: sent.said.proof ?? '' } : { refused: busy };
  }
  return {
    act: () => {
      remember(operation, sent);
      return act();
    },
  };
}

/**
 * Considers a message without changing anything, so that an update's validator can ask the same.
 *
 * @param statement what the message's proof states, once it is checked
 */
export function evaluate(
  operation: Operation,
  name: MessageName,
  body: unknown,
  statement?: Statement,
): Evaluation {
  if (operation.journal.some(({ kind }) => kind === 'ended')) return { refused: 'this rollback has ended' };
  const parsed = <T>(schema: ZodType<T>, evaluateBody: (message: T) => Evaluation): Evaluation => {
    const { data, error } = schema.safeParse(body);
    return error ? { refused: faultsOf(error).join('; ') } : evaluateBody(data);
  };
  const from = (said: Said): Sent => {
    const standing = statement ?? (said.proof === undefined ? 'self-asserted' : 'unchecked');
    return { name, said, standing };
  };
  switch (name) {
    case 'approve':
      return parsed(messages.approve.schema, (said) => approval(operation, said, from(said)));
    case 'reject':
      return parsed(messages.reject.schema, (said) => rejection(operation, said, from(said)));
    case 'decide':
      return parsed(messages.decide.schema, (said) => decision(operation, said, from(said)));
    case 'acknowledge':
      return parsed(messages.acknowledge.schema, (said) => acknowledgement(operation, said, from(said)));
    case 'annotate':
      return parsed(messages.annotate.schema, (said) => annotation(operation, said));
  }
  return name satisfies never;
}
