import { describe, expect, test } from 'vitest';
import { policyAt } from '../../src/domain/approval/gate-policy.ts';
import type { RollbackPlan } from '../../src/domain/plan/plan.ts';
import type { ServiceDefinitionSource } from '../../src/domain/definition/service.ts';
import { examplePlan } from '../example-plan.ts';

type Approvals = NonNullable<ServiceDefinitionSource['approvals']>;

const planOf = (approvals: Approvals, changes: Partial<RollbackPlan> = {}) =>
  examplePlan(changes, { approvals });

const requestedBy = (approvals: Approvals, request: object) => {
  const plan = planOf(approvals);
  const { requestedBy: _, ...rest } = plan.request;
  return { ...plan, request: { ...rest, ...request } };
};

describe('the policy at a gate', () => {
  test('is by default one person for an explicit revision, who may have started it, and two for loss or base', () => {
    expect(policyAt(planOf({}), 'start', false)).toMatchObject({ people: 0, wants: {} });
    expect(policyAt(planOf({}), 'downgrade', false)).toMatchObject({ people: 1, wants: {} });
    expect(policyAt(planOf({}), 'downgrade', true)).toMatchObject({ people: 2 });
    expect(policyAt(planOf({}, { target: 'base', people: 2 }), 'downgrade', false)).toMatchObject({
      people: 2,
    });
    expect(policyAt(planOf({}), 'restore', false)).toMatchObject({ people: 1 });
    expect(policyAt(planOf({}), 'restore', true)).toMatchObject({ people: 2 });
  });

  test('for a loss takes its roles, and otherwise those of the gate: never fewer', () => {
    const dba = { downgrade: { people: 1, roles: ['dba'] } };
    expect(policyAt(planOf(dba), 'downgrade', true).wants.roles).toEqual(['dba']);
    const both = { ...dba, loss: { people: 2, roles: ['lead'] } };
    expect(policyAt(planOf(both), 'downgrade', true)).toMatchObject({
      people: 2,
      wants: { roles: ['lead'] },
    });
    expect(policyAt(planOf(both), 'downgrade', false).wants.roles).toEqual(['dba']);
    const fewer = { downgrade: { people: 3 }, loss: { people: 1 } };
    expect(policyAt(planOf(fewer, { people: 3 }), 'downgrade', true).people).toBe(3);
  });

  test('where self-asserted names are refused, a start that nobody proved needs a person', () => {
    const refuse = { selfAsserted: 'refuse' } as const;
    expect(policyAt(requestedBy(refuse, { requestedBy: 'ann' }), 'start', false)).toMatchObject({
      people: 1,
      wants: { proof: true },
    });
    const said = requestedBy(refuse, { requestedBy: 'ann', requestedVia: 'oidc' });
    expect(policyAt(said, 'start', false).people).toBe(1);
    expect(policyAt(said, 'start', false, {}).people).toBe(0);
  });

  test('where self-approval is refused, whoever started it is named, and a nameless one costs a person', () => {
    const refuse = { selfApproval: 'refuse' } as const;
    const said = requestedBy(refuse, { requestedBy: 'ann', requestedVia: 'oidc' });
    expect(policyAt(said, 'downgrade', false, { issuer: 'https://id.example' })).toMatchObject({
      people: 1,
      wants: { notBy: 'ann', startedVia: { method: 'oidc', issuer: 'https://id.example' } },
    });
    expect(policyAt(said, 'downgrade', false)).toMatchObject({ people: 2, wants: {} });
    expect(policyAt(requestedBy(refuse, {}), 'downgrade', false)).toMatchObject({ people: 2, wants: {} });
    expect(policyAt(requestedBy(refuse, {}), 'start', false).people).toBe(0);
  });
});
