/** The closed set of outcomes; all of them end the workflow Completed. */
export const outcomes = {
  'rolled-back': 'The database is at the target, the application is rolled back and running.',
  'nothing-to-do': 'The database was at the target already; nothing was touched.',
  rejected: 'Refused, expired or cancelled before anything was stopped; nothing was touched.',
  'put-back': 'Everything that was stopped was put back; the database was not moved.',
  restored: 'The database was restored from the backup, at the revision from before; the failed one is kept.',
  aborted: 'Writes stay stopped; a person takes over.',
} as const;

export type Outcome = keyof typeof outcomes;
