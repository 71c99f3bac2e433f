import type { Ends } from '../domain/leads-to.ts';
import type { Plan } from '../domain/plan/plan.ts';

/** How things are left by an end that undoes nothing; empty where nothing was stopped and nothing stays so. */
export function howItIsLeft({ outcome, writes }: Ends, takesUp: Plan['takesUp']): string {
  if (writes === 'stopped') return 'Writes stay stopped: the application is down until a person takes over.';
  if (writes === 'go-on')
    return 'The application runs; what is not resumed stays as it is, and a person takes over.';
  if (takesUp === undefined) return '';
  const then = outcome === 'aborted' ? 'a person takes over, or starts again' : 'start again';
  return `What operation ${takesUp.operation} stopped stays stopped: ${then} to take it up.`;
}
