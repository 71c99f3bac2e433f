import { Command } from 'commander';
import pc from 'picocolors';
import { current, down, health, labFile } from './lab.ts';
import type { Lab, LabOptions } from './lab.ts';
import { explanation } from './lab-error.ts';
import { stateDirectory } from './paths.ts';
import { upOnTerminal } from './terminal.ts';

/** Where everything is; the password stays in the file that only root reads. */
function show(lab: Lab): void {
  const rows = {
    'Temporal UI': lab.temporal.uiUrl,
    Temporal: `${lab.temporal.address}, namespace ${lab.temporal.namespace}`,
    PostgreSQL: `${lab.postgres.host}:${lab.postgres.port}, in ${lab.postgres.keptIn === 'disk' ? 'the state directory' : 'memory'}, programs in ${lab.postgres.bin}`,
    Kubernetes: `KUBECONFIG=${lab.kubernetes.kubeconfig} ${lab.kubernetes.kubectl}`,
    'all of it': `${labFile} (with the passwords)`,
    logs: `${stateDirectory}/logs`,
  };
  for (const [name, value] of Object.entries(rows)) console.log(`  ${pc.bold(name.padEnd(12))} ${value}`);
}

const program = new Command('lab').description('Temporal, PostgreSQL and Kubernetes on this machine');

program
  .command('up', { isDefault: true })
  .description('bring the lab up, or complete what is missing of it')
  .option('--on-disk', 'keep PostgreSQL on the disk, for benchmarks')
  .action(async (options: LabOptions) => {
    const begin = Date.now();
    const lab = await upOnTerminal(options);
    console.log(
      `The lab is up (${((Date.now() - begin) / 1000).toFixed(1)} s). Take it down with: npm run lab -- down`,
    );
    show(lab);
  });

program
  .command('down')
  .description('remove everything of the lab from this machine, data included')
  .action(async () => {
    const begin = Date.now();
    await down((event) => {
      if (event.kind === 'waiting') console.log('Another `npm run lab` is at work; waiting for it.');
    });
    console.log(`The lab is down (${((Date.now() - begin) / 1000).toFixed(1)} s).`);
  });

program
  .command('status')
  .description('say which parts are well; ends with status 1 unless all are')
  .action(async () => {
    const lab = await current();
    for (const [part, well] of Object.entries(await health())) {
      console.log(`  ${well ? pc.green('well') : pc.red('ill ')} ${part}`);
    }
    if (lab !== undefined) return show(lab);
    console.log('The lab is not up, or not whole. Bring it up with: npm run lab');
    process.exitCode = 1;
  });

// `npm run lab -- status | head` closes the pipe early.
process.stdout.on('error', () => process.exit());

try {
  await program.parseAsync();
} catch (error) {
  console.error(explanation(error));
  process.exitCode = 1;
}
