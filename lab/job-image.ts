import { rename } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleJob } from '../scripts/job-bundle.ts';
import { image } from './image.ts';
import type { Lab } from './lab.ts';

/** User of the job image, as in deploy/Dockerfile. */
const user = '10001:10001';
/** Says that job.js is an ES module. */
const packageFile = fileURLToPath(new URL('../package.json', import.meta.url));
const bundle = fileURLToPath(new URL('../node_modules/.cache/backstep/job.js', import.meta.url));

/** Backstep's own job image for the lab: what deploy/Dockerfile makes, with the clients of the lab's server. */
export async function jobImage(lab: Lab): Promise<string> {
  // Several tests may do this at once: the file is there whole or not at all.
  await bundleJob(`${bundle}.${process.pid}`);
  await rename(`${bundle}.${process.pid}`, bundle);
  return image(lab, {
    name: 'backstep-job',
    base: 'node',
    postgresTools: true,
    files: { '/backstep/job.js': bundle, '/backstep/package.json': packageFile },
    user,
    workdir: '/backstep',
    command: ['node', '/backstep/job.js'],
  });
}
