import { z } from 'zod';
import { duration } from '../duration.ts';

const roles = z
  .array(z.string().trim().min(1).max(100))
  .max(20)
  .describe('Roles of the persons that the gateway proves; one of them is enough');

const approval = z.strictObject({
  people: z.int().min(0).max(5).describe('How many different people must approve; 0: nobody is asked'),
  within: duration
    .prefault('1h')
    .describe('A gate that nobody passed by then is expired: everything is put back'),
  roles: roles
    .default([])
    .describe('Who approves here must hold one of these roles, proved by the gateway; none: anybody may'),
});

/** Who passes the gates: how many different people, within what time, in which role, and how they are proved. */
export const approvals = z.strictObject({
  start: approval.prefault({ people: 0 }).describe('Before anything is touched'),
  downgrade: approval.prefault({ people: 1 }).describe('Before the database is downgraded'),
  base: approval.prefault({ people: 2 }).describe('In place of downgrade, where the target is base'),
  loss: approval
    .prefault({ people: 2 })
    .describe(
      'In place of downgrade, where a loss was not salvaged, or nothing was rehearsed that could tell',
    ),
  restore: approval.prefault({ people: 1 }).describe('Before what was restored is used'),
  selfAsserted: z
    .enum(['allow', 'refuse'])
    .default('allow')
    .describe(
      'Names in bare messages of tctl, the Temporal UI or the CLI, which nobody proved: allow counts them, refuse does not',
    ),
  selfApproval: z
    .enum(['allow', 'refuse'])
    .default('allow')
    .describe('refuse: whoever started it may not approve it'),
  breakGlass: z
    .strictObject({ roles: roles.min(1) })
    .optional()
    .describe(
      'A proved person with one of these roles may pass a gate alone, with a reason that stands first in the report',
    ),
});

export type Approvals = z.infer<typeof approvals>;
