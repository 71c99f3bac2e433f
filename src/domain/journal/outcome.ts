/** The closed set of outcomes; all of them end the workflow Completed. What each means, `views/facts.ts` says. */
export type Outcome = 'rolled-back' | 'nothing-to-do' | 'rejected' | 'put-back' | 'restored' | 'aborted';
