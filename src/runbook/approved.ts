import type { Backup } from './findings.ts';
import type { Plan } from './plan.ts';

/**
 * What people approve at gate `downgrade`: this plan with these findings, and nothing that was only observed
 * (law 5). The workflow hashes it for the gate; the deed hashes what it is about to act on, and compares.
 */
export const approvedAtDowngrade = (
  plan: Plan,
  { sha256, counts }: Pick<Backup, 'sha256' | 'counts'>,
  stopped: Record<string, number>,
) => ({ plan, backup: { sha256, counts }, stopped });
