/** How PostgreSQL would answer a query of the definition, at one moment: from EXPLAIN, never executed. */
export interface QueryPlan {
  name: string;
  /** The planner's total cost, in its own unit. */
  cost: number;
  /** Big tables that are read from end to end, with their rows. */
  scanned: { table: string; rows: number }[];
  /** Indexes that are used. */
  indexes: string[];
}

export interface PlanFinding {
  symptom: 'table-scan' | 'plan-worse' | 'plan-far-worse';
  evidence: string;
}

/** A plan that costs less is quick enough, whatever it cost before; an index look-up costs about 8. */
const cheap = 100;
const worse = 2;
const farWorse = 100;

/**
 * Plans now against those from before: table scans where there were none, and costs that grew.
 *
 * @param since when and where the earlier plans are from, in words; `before` may lack any of them
 */
export function comparePlans(
  now: readonly QueryPlan[],
  before: readonly QueryPlan[],
  since: string,
): PlanFinding[] {
  return now.flatMap((plan) => {
    const earlier = before.find(({ name }) => name === plan.name);
    const findings: PlanFinding[] = [];
    const scans = plan.scanned.filter(
      ({ table }) => !(earlier?.scanned ?? []).some((scan) => scan.table === table),
    );
    const used =
      earlier === undefined
        ? 'no earlier plan is known'
        : `${since}: ${earlier.indexes.join(', ') || 'no scan of it'}`;
    for (const { table, rows } of scans) {
      findings.push({
        symptom: 'table-scan',
        evidence: `query “${plan.name}” reads all ${rows.toLocaleString('en')} rows of ${table} (${used})`,
      });
    }
    const ratio = plan.cost / Math.max(earlier?.cost ?? Number.POSITIVE_INFINITY, 0.01);
    if (plan.cost >= cheap && ratio >= worse) {
      findings.push({
        symptom: ratio >= farWorse ? 'plan-far-worse' : 'plan-worse',
        evidence: `query “${plan.name}” costs ${factor(ratio)} times what it did (${round(plan.cost)}; ${since}: ${round(earlier?.cost ?? 0)})`,
      });
    }
    return findings;
  });
}

const round = (cost: number) => Math.round(cost).toLocaleString('en');
const factor = (ratio: number) => (ratio < 10 ? ratio.toFixed(1) : round(ratio));
