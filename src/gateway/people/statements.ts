import type { Decision } from '../../runbook/steps.ts';
import type { GateName } from '../../runbook/service.ts';
import type { Started } from '../../client.ts';
import type { Person } from './person.ts';

export interface Verdict {
  gate: GateName;
  /** Hash of what is approved, as the gate shows it. */
  plan: string;
  reason?: string;
}

/**
 * What a proved person says, signed by the gateway and sent as an update; the answer is the rollback's own
 * sentence. Every method throws ClientError and nothing else.
 */
export interface Statements {
  start(
    person: Person,
    request: { service: string; target?: string; reason?: string; trigger?: string },
  ): Promise<Started>;
  approve(person: Person, service: string, verdict: Verdict & { breakGlass?: boolean }): Promise<string>;
  reject(person: Person, service: string, verdict: Verdict): Promise<string>;
  decide(
    person: Person,
    service: string,
    answer: { hold: string; decision: Decision; reason?: string },
  ): Promise<string>;
  acknowledge(person: Person, service: string): Promise<string>;
}
