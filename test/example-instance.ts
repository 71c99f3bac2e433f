import type { Found, StepName } from '../src/activities/steps.ts';

/** What the steps of a point-in-time restore find when all is well. */
export const instanceFindings = {
  'restore-instance': {
    instance: 'radar-bs-0a1b2c3d',
    endpoint: { host: 'radar-bs-0a1b2c3d.example', port: 5432 },
    seconds: 600,
    notes: [],
  },
  'compare-instance': {
    revision: '0004',
    counts: { papers: 90, opportunities: 20 },
    catalog: 'ca7a'.padEnd(64, '0'),
    written: 0,
    tables: [
      { table: 'papers', now: 100, restored: 90, since: 12 },
      { table: 'scores', now: 7 },
    ],
    equal: 1,
    loses: true,
    checked: ['revision 0004'],
    notVerified: [],
  },
  'switch-database': {
    secrets: ['radar-database/DATABASE_URL', 'radar-admin/DATABASE_URL'],
    savedSecret: 'bs-0a1b2c3d-database-before',
    from: { host: 'radar.example', port: 5432 },
    to: { host: 'radar-bs-0a1b2c3d.example', port: 5432 },
  },
  'switch-back': { secrets: ['radar-database/DATABASE_URL', 'radar-admin/DATABASE_URL'] },
} satisfies { [S in StepName]?: Found<S> };
