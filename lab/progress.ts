import { stages } from './stages.ts';
import type { Stage, StageName } from './stages.ts';
import type { State } from './state.ts';

/** What `up` tells while it works. */
export type ProgressEvent =
  | { kind: 'waiting' }
  | { kind: 'began' | 'finished'; stage: StageName }
  | { kind: 'detail'; stage: StageName; detail: string }
  | { kind: 'failed'; stage: StageName; error: Error };

export type Progress = (event: ProgressEvent) => void;

/**
 * Runs every stage as soon as those it stands on are done. After a failure no further stage begins, those under way
 * are waited for, and the first error is thrown.
 */
export async function runStages(
  state: State,
  progress: Progress,
  plan: Partial<Record<StageName, Stage>> = stages,
): Promise<void> {
  const failures: Error[] = [];
  const running = new Map<string, Promise<void>>();
  const begin = (name: StageName, stage: Stage): Promise<void> => {
    const known = running.get(name);
    if (known !== undefined) return known;
    const work = (async () => {
      for (const other of stage.after as StageName[]) {
        const before = plan[other];
        if (before !== undefined) await begin(other, before);
      }
      if (failures.length > 0) return;
      progress({ kind: 'began', stage: name });
      try {
        await stage.run(state, (detail) => progress({ kind: 'detail', stage: name, detail }));
        progress({ kind: 'finished', stage: name });
      } catch (cause) {
        const error = cause instanceof Error ? cause : new Error(String(cause));
        failures.push(error);
        progress({ kind: 'failed', stage: name, error });
      }
    })();
    running.set(name, work);
    return work;
  };
  await Promise.all(Object.entries(plan).map(([name, stage]) => begin(name as StageName, stage)));
  if (failures[0] !== undefined) throw failures[0];
}
