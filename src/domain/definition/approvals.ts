import { z } from 'zod';
import { duration } from '../duration.ts';

const roles = z
  .array(z.string().trim().min(1).max(100))
  .max(20)
  .describe('Roles of verified people; one of them is enough');

const approval = z.strictObject({
  people: z.int().min(0).max(5).describe('How many different people must approve; with 0 nobody is asked'),
  within: duration.prefault('1h').describe('How long the gate stays open; then it expires'),
  roles: roles
    .default([])
    .describe('Verified people with one of these roles may approve; with none named, anybody may'),
});

/** Who passes the gates: how many different people, within what time, in which role, and how they are proved. */
export const approvals = z.strictObject({
  start: approval.prefault({ people: 0 }).describe('Before anything is touched'),
  downgrade: approval.prefault({ people: 1 }).describe('Before the database is downgraded'),
  base: approval.prefault({ people: 2 }).describe('Instead of `downgrade`, if the target is base'),
  loss: approval
    .prefault({ people: 2 })
    .describe(
      'Instead of `downgrade`, if something would be lost that could not be saved, or the loss is unknown because nothing was rehearsed',
    ),
  restore: approval.prefault({ people: 1 }).describe('Before restored data is put to use'),
  selfAsserted: z
    .enum(['allow', 'refuse'])
    .default('allow')
    .describe(
      'Messages sent straight to Temporal (CLI, tctl, Temporal UI), in which nobody checks the name: allow counts them; refuse ignores them',
    ),
  selfApproval: z
    .enum(['allow', 'refuse'])
    .default('allow')
    .describe('refuse: the person who started it may not approve it'),
  breakGlass: z
    .strictObject({ roles: roles.min(1) })
    .optional()
    .describe(
      'A verified person with one of these roles may pass a gate alone, with a reason that the report shows first',
    ),
});

export type Approvals = z.infer<typeof approvals>;
