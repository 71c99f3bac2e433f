import type { ZodType } from 'zod';
import { faultsOf } from '../runbook/request.ts';
import { messages } from '../runbook/messages.ts';
import { annotationsKept } from '../runbook/messages.ts';
import type { AnnotateMessage, DecisionMessage, VerdictMessage } from '../runbook/messages.ts';
import { annotationsIn } from '../runbook/views.ts';
import type { Operation } from './operation.ts';

export type MessageName = keyof typeof messages;

/** A message counts, and then acts and answers in one sentence; or it counts for nothing, and why (law 5). */
export type Considered = { refused: string } | { act: () => string };

/** One person under one name, however they write it. */
export const samePerson = (one: string, other: string) =>
  one.trim().toLowerCase() === other.trim().toLowerCase();

/** Why a verdict does not count: no gate, another gate, another plan. */
function mismatch({ gate }: Operation, message: VerdictMessage): string | undefined {
  if (gate === undefined)
    return `no gate is open, so this decision came before or after its gate '${message.gate}'`;
  if (gate.gate !== message.gate) return `the open gate is '${gate.gate}', not '${message.gate}'`;
  if (gate.hash !== message.plan)
    return `this gate is for plan ${gate.hash}, not ${message.plan}: look again at what would be approved`;
  return undefined;
}

function approval(operation: Operation, message: VerdictMessage): Considered {
  const { gate } = operation;
  const refused = mismatch(operation, message);
  if (gate === undefined || refused !== undefined) return { refused: refused ?? '' };
  if (gate.approvedBy.some((by) => samePerson(by, message.by)))
    return { refused: `'${message.by}' has approved already; another person is needed` };
  if (gate.approvedBy.length >= gate.people || gate.rejected)
    return { refused: 'this gate is decided already' };
  return {
    act: () => {
      const { by, reason, gate: name, plan: hash } = message;
      gate.approvedBy.push(by);
      operation.note({
        kind: 'gate-approved',
        gate: name,
        hash,
        by,
        ...(reason !== undefined && { reason }),
      });
      const missing = gate.people - gate.approvedBy.length;
      return missing === 0
        ? `Approved: gate '${name}' is passed.`
        : `Counted: ${missing} more ${missing === 1 ? 'person' : 'people'} needed at gate '${name}'.`;
    },
  };
}

function rejection(operation: Operation, message: VerdictMessage): Considered {
  const { gate } = operation;
  const refused = mismatch(operation, message);
  if (gate === undefined || refused !== undefined) return { refused: refused ?? '' };
  if (gate.approvedBy.length >= gate.people || gate.rejected)
    return { refused: 'this gate is decided already' };
  return {
    act: () => {
      const { by, reason } = message;
      gate.rejected = { by, ...(reason !== undefined && { reason }) };
      return `Rejected: gate '${message.gate}' is closed.`;
    },
  };
}

function decision({ hold }: Operation, message: DecisionMessage): Considered {
  if (hold === undefined) return { refused: 'no hold is open' };
  if (hold.hold !== message.hold)
    return { refused: `the open hold is '${hold.hold}', not '${message.hold}'` };
  if (!hold.decisions.includes(message.decision))
    return { refused: `hold '${hold.hold}' can be answered with: ${hold.decisions.join(', ')}` };
  if (hold.answer) return { refused: `hold '${hold.hold}' is decided already: ${hold.answer.decision}` };
  return {
    act: () => {
      const { by, reason } = message;
      hold.answer = { decision: message.decision, by, ...(reason !== undefined && { reason }) };
      return `Decided: ${message.decision} at hold '${hold.hold}'.`;
    },
  };
}

function acknowledgement(operation: Operation, by: string): Considered {
  const already = operation.journal.some(
    (entry) => entry.kind === 'acknowledged' && samePerson(entry.by, by),
  );
  if (already) return { refused: `'${by}' has acknowledged already` };
  return {
    act: () => {
      operation.note({ kind: 'acknowledged', by });
      return `Acknowledged: ${by} is on it.`;
    },
  };
}

/** An alert that says again what is known, or one of a flood, is not noted: a refused update writes no event. */
function annotation(operation: Operation, message: AnnotateMessage): Considered {
  const { source, fingerprint, status, text } = message;
  const noted = annotationsIn(operation.journal);
  const { request } = operation.asked;
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

function parsed<T>(schema: ZodType<T>, body: unknown, considered: (message: T) => Considered): Considered {
  const { data, error } = schema.safeParse(body);
  return error ? { refused: faultsOf(error).join('; ') } : considered(data);
}

/** Considers a message without changing anything, so that an update's validator can ask the same. */
export function consider(operation: Operation, name: MessageName, body: unknown): Considered {
  if (operation.journal.some(({ kind }) => kind === 'ended')) return { refused: 'this rollback has ended' };
  switch (name) {
    case 'approve':
      return parsed(messages.approve.schema, body, (message) => approval(operation, message));
    case 'reject':
      return parsed(messages.reject.schema, body, (message) => rejection(operation, message));
    case 'decide':
      return parsed(messages.decide.schema, body, (message) => decision(operation, message));
    case 'acknowledge':
      return parsed(messages.acknowledge.schema, body, ({ by }) => acknowledgement(operation, by));
    case 'annotate':
      return parsed(messages.annotate.schema, body, (message) => annotation(operation, message));
  }
  return name satisfies never;
}
