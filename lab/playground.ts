import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { execa } from 'execa';
import pc from 'picocolors';
import { applications, type ApplicationName } from '../examples/applications.ts';
import { explanation, LabError } from './lab-error.ts';
import { current, down } from './lab.ts';
import { isReady, readPlayground } from './playground/record.ts';
import type { ReadyPlayground, Wanted } from './playground/record.ts';
import { takeDown } from './playground/remove.ts';
import { introduction } from './playground/introduction.ts';
import { isAlive, logOf } from './process.ts';
import { writePrivately } from './state.ts';

// The runbook's application broken by its migration, and Backstep ready, with nothing rolled back: for people to try.

interface Options {
  service: ApplicationName;
  rows?: number;
  detach?: true;
  down?: true;
  json?: string;
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => interrupted.abort(signal));

async function main(options: Options): Promise<void> {
  if (options.down) return end();
  const before = readPlayground();
  const labWasUp = (await current()) !== undefined;
  if (labWasUp && isReady(before)) return showAgain(before, options);
  const { service, rows } = options;
  const wanted = { service, ...(rows !== undefined && { rows }), labWasUp, startedBy: process.pid };
  const ready = await setUp(wanted);
  if (ready === undefined) return;
  if (ready.startedBy !== process.pid) return showAgain(ready, options);
  show(ready, options);
  if (options.detach) return;
  console.log(pc.dim('Ctrl-C takes it down.'));
  await watch(ready);
  if (interrupted.signal.aborted) await end();
}

/** Undefined where Ctrl-C or a failure ended it; what there was by then is removed. */
async function setUp(wanted: Wanted): Promise<ReadyPlayground | undefined> {
  const program = fileURLToPath(new URL('playground/set-up.ts', import.meta.url));
  const { exitCode } = await execa(process.execPath, [...process.execArgv, program, JSON.stringify(wanted)], {
    stdio: 'inherit',
    reject: false,
    cancelSignal: interrupted.signal,
  });
  if (process.stdout.isTTY) process.stdout.write('\u001B[?25h'); // the list of stages hides the cursor
  const made = readPlayground();
  if (exitCode === 0 && isReady(made)) return made;
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
  if (made?.startedBy === process.pid) await end();
  else if (made === undefined && !wanted.labWasUp) await down();
  return undefined;
}

function showAgain(ready: ReadyPlayground, options: Options): void {
  const { service, rows } = ready;
  if (service !== options.service || (options.rows !== undefined && rows !== options.rows)) {
    const of = rows === undefined ? service : `${service} with ${rows} rows`;
    throw new LabError(
      `A playground of ${of} is up: take it down first, with \`npm run playground -- --down\`.`,
    );
  }
  console.log('The playground is up already. `npm run playground -- --down` takes it down.');
  show(ready, options);
}

function show(ready: ReadyPlayground, { json }: Options): void {
  console.log(introduction(ready));
  if (json !== undefined) writePrivately(json, `${JSON.stringify(ready.connection, undefined, 2)}\n`);
}

/** Ends at Ctrl-C, or when the playground was taken down elsewhere. Says it when worker or gateway has ended. */
async function watch(ready: ReadyPlayground): Promise<void> {
  let well = true;
  while (!interrupted.signal.aborted) {
    await pause(1_000, undefined, { signal: interrupted.signal }).catch(() => undefined);
    if (readPlayground()?.startedBy !== process.pid) return console.log('It was taken down.');
    if (well && !ready.processes.every(isAlive)) {
      well = false;
      console.log(pc.yellow(`Worker or gateway has ended; see ${logOf('playground-*')}.`));
    }
  }
}

async function end(): Promise<void> {
  console.log('\nTaking the playground down.');
  console.log((await takeDown()) ? 'The playground is down.' : 'No playground is up.');
}

const wholeNumber = (text: string): number => {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('It is not a whole number above 0.');
};

const program = new Command('playground')
  .description('The runbook’s application, broken by its migration, with Backstep ready to roll it back')
  .addOption(
    new Option('--service <name>', 'which application')
      .choices(Object.keys(applications))
      .default('deeptech-radar'),
  )
  .option('--rows <number>', 'rows in all tables together', wholeNumber)
  .option('--detach', 'leave it running, and return when it is ready')
  .option('--json <file>', 'write where everything is, tokens included, as JSON', (file) => resolve(file))
  .option('--down', 'take down what `npm run playground` started')
  .action(main);

try {
  await program.parseAsync();
} catch (error) {
  console.error(pc.red(explanation(error)));
  process.exitCode = 1;
}
