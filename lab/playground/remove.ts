import { rmSync } from 'node:fs';
import { uninstall } from '../../examples/deeptech-radar/install.ts';
import { LabError } from '../lab-error.ts';
import { current, down, type Lab } from '../lab.ts';
import { stop } from '../process.ts';
import { backupDirectory, removeNamespace, removeRecord, temporalCommand } from '../site.ts';
import { alone, directory, namespace, readPlayground } from './record.ts';
import type { Playground } from './record.ts';

/**
 * Takes the playground down, in whatever state Ctrl-C or a crash left it; also the lab, if the playground brought it up.
 *
 * @returns false where there is none
 * @throws LabError where the lab is not whole
 */
export async function takeDown(): Promise<boolean> {
  if (readPlayground() === undefined) return false;
  return alone(async () => {
    const playground = readPlayground();
    if (playground === undefined) return false;
    await endProcesses(playground);
    if (!playground.labWasUp) {
      await down();
      return true;
    }
    const lab = await current();
    if (lab === undefined)
      throw new LabError(
        'The lab is not whole. Complete it with `npm run lab` and run this again, or take down all of it: `npm run lab -- down`.',
      );
    await remove(lab, playground);
    return true;
  });
}

/** Removes all that the record tells of, from a lab that goes on. Can run again. */
export async function remove(lab: Lab, playground: Playground): Promise<void> {
  await endProcesses(playground);
  await removeWorkflows(lab);
  // First the pods: a Job of Backstep could make another database meanwhile.
  await removeNamespace(lab, namespace);
  await uninstall(lab, { namespace, database: playground.database });
  await removeRecord(lab, playground.database);
  rmSync(backupDirectory(namespace), { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true });
}

const endProcesses = ({ processes }: Playground) =>
  Promise.all(processes.map((running) => stop(running, 'SIGTERM', 20)));

/** The namespace in Temporal, with all that runs in it. */
export const removeWorkflows = (lab: Lab): Promise<unknown> =>
  temporalCommand(lab, ['operator', 'namespace', 'delete', '--yes', '--namespace', namespace]).catch(
    (error: unknown) => {
      if (!/not found/i.test(String(error))) throw error;
    },
  );
