import type { LiveRehearsal } from '../../domain/live-rehearsal.ts';
import { hours, step } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import { rehearse } from '../rehearse/step.ts';

/** Of a database that is in use; writes no record, and yields to a rollback. */
export const rehearseLive = step<Tried, LiveRehearsal>()({
  name: 'rehearse-live',
  title: 'Rehearse the downgrade on a copy of the live database',
  section: 'Prevention: Test rollback as part of migration testing',
  onFailure: 'report',
  decisions: [],
  limits: { within: hours(12) },
  summary: (found) =>
    found.outcome === 'works'
      ? rehearse.summary(found.rehearsal)
      : {
          summary: `${found.outcome === 'fails' ? 'The downgrade FAILS on a copy' : 'Yielded'}: ${found.why}`,
        },
});
