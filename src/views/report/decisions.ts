import type { Journal } from '../../domain/journal/journal.ts';
import type { PersonProof, ProofMethod } from '../../domain/approval/statement.ts';
import type { GateName } from '../../domain/approval/answers.ts';

/** What was decided: by this programs tell decisions apart, people read `what`. */
type Decided =
  | { kind: 'approved' | 'rejected' | 'expired' | 'needed-nobody'; gate: GateName; hash: string }
  | { kind: 'decided'; hold: string; decision: string }
  | { kind: 'cancel-requested' | 'acknowledged' };

/** Who decided what, and how the person was proved. */
export type ReportedDecision = Decided & {
  at: string;
  what: string;
  by: string;
  /** The gateway's word for it; names in bare messages are self-asserted; policy and time-outs need no proof. */
  proof: 'self-asserted' | 'policy' | ProofMethod;
  /** Of `oidc`: the provider. */
  issuer?: string;
  /** That the person was proved to hold then. */
  roles?: string[];
  /** Passed the gate alone. */
  breakGlass?: true;
  reason?: string;
};

type Proved = Pick<ReportedDecision, 'proof' | 'issuer' | 'roles'>;

const provedBy = (proof: PersonProof | undefined): Proved => {
  if (proof === undefined) return { proof: 'self-asserted' };
  const { method, issuer, roles } = proof;
  return { proof: method, ...(issuer !== undefined && { issuer }), roles };
};

const policy = { proof: 'policy' } as const;

export function decisionsIn(journal: Journal): ReportedDecision[] {
  return journal.flatMap((entry): ReportedDecision[] => {
    const { at } = entry;
    if (entry.kind === 'gate-approved') {
      const { gate, by, reason, hash, proof, breakGlass } = entry;
      return [
        {
          kind: 'approved',
          gate,
          at,
          what: breakGlass ? `broke the glass at gate ${gate}` : `approved gate ${gate}`,
          by,
          ...provedBy(proof),
          ...(breakGlass && { breakGlass }),
          hash,
          ...(reason !== undefined && { reason }),
        },
      ];
    }
    if (entry.kind === 'gate-closed') {
      const { gate, verdict, by, reason, hash, proof } = entry;
      if (verdict === 'passed' || verdict === 'cancelled') return [];
      const rejected = verdict === 'rejected';
      return [
        {
          kind: verdict === 'passed-by-policy' ? 'needed-nobody' : verdict,
          gate,
          at,
          what: rejected
            ? `rejected gate ${gate}`
            : `gate ${gate} ${verdict === 'expired' ? 'expired' : 'needed nobody'}`,
          by: rejected ? by.join(', ') : 'policy of the service definition',
          ...(rejected ? provedBy(proof) : policy),
          hash,
          ...(reason !== undefined && { reason }),
        },
      ];
    }
    if (entry.kind === 'hold-closed') {
      const { hold, decision, by, reason, proof } = entry;
      const given = decision !== 'give-up' && decision !== 'cancelled';
      return [
        {
          kind: 'decided',
          hold,
          decision,
          at,
          what: `${decision} at hold ${hold}`,
          by,
          ...(given ? provedBy(proof) : policy),
          ...(reason !== undefined && { reason }),
        },
      ];
    }
    if (entry.kind === 'cancel-requested')
      return [
        {
          kind: 'cancel-requested',
          at,
          what: 'asked to cancel',
          by: 'a Temporal client',
          ...provedBy(undefined),
        },
      ];
    if (entry.kind === 'acknowledged')
      return [
        {
          kind: 'acknowledged',
          at,
          what: 'acknowledged the escalation',
          by: entry.by,
          ...provedBy(entry.proof),
        },
      ];
    return [];
  });
}
