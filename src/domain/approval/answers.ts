import { z } from 'zod';

/** The gates, at which people approve or refuse what comes next. */
export const gateNames = ['start', 'downgrade', 'restore'] as const;
export type GateName = (typeof gateNames)[number];

/** What a person can answer at a hold. */
export const decisions = ['retry', 'skip', 'restore', 'abort'] as const;
export type Decision = (typeof decisions)[number];

/** The hash that people approve: 12 hexadecimal digits (`shortHash`). */
export const planHash = z
  .string()
  .regex(/^[0-9a-f]{12}$/, 'must be the 12 hexadecimal digits of the plan hash');
