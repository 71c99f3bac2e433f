import type { Journal } from './journal.ts';

/** Who decided what, and how the person was proved. */
export interface ReportedDecision {
  at: string;
  what: string;
  by: string;
  /** Names in bare signals and updates are self-asserted; policy and time-outs need no proof. */
  proof: 'self-asserted' | 'policy';
  reason?: string;
  /** The plan hash that was approved. */
  hash?: string;
}

export function decisionsIn(journal: Journal): ReportedDecision[] {
  return journal.flatMap((entry): ReportedDecision[] => {
    const { at } = entry;
    if (entry.kind === 'gate-approved') {
      const { gate, by, reason, hash } = entry;
      return [
        {
          at,
          what: `approved gate ${gate}`,
          by,
          proof: 'self-asserted',
          hash,
          ...(reason !== undefined && { reason }),
        },
      ];
    }
    if (entry.kind === 'gate-closed') {
      const { gate, verdict, by, reason, hash } = entry;
      if (verdict === 'passed' || verdict === 'cancelled') return [];
      const rejected = verdict === 'rejected';
      return [
        {
          at,
          what: rejected
            ? `rejected gate ${gate}`
            : `gate ${gate} ${verdict === 'expired' ? 'expired' : 'needed nobody'}`,
          by: rejected ? by.join(', ') : 'policy of the service definition',
          proof: rejected ? 'self-asserted' : 'policy',
          hash,
          ...(reason !== undefined && { reason }),
        },
      ];
    }
    if (entry.kind === 'hold-closed') {
      const { hold, decision, by, reason } = entry;
      const given = decision !== 'give-up' && decision !== 'cancelled';
      return [
        {
          at,
          what: `${decision} at hold ${hold}`,
          by,
          proof: given ? 'self-asserted' : 'policy',
          ...(reason !== undefined && { reason }),
        },
      ];
    }
    if (entry.kind === 'cancel-requested')
      return [{ at, what: 'asked to cancel', by: 'a Temporal client', proof: 'self-asserted' }];
    if (entry.kind === 'acknowledged')
      return [{ at, what: 'acknowledged the escalation', by: entry.by, proof: 'self-asserted' }];
    return [];
  });
}
