import { Listr } from 'listr2';
import type { ListrTask } from 'listr2';
import { up } from './lab.ts';
import type { Lab, LabOptions } from './lab.ts';
import type { Progress, ProgressEvent } from './progress.ts';
import { stages } from './stages.ts';
import type { StageName } from './stages.ts';

const names = Object.keys(stages) as StageName[];

/** What it is and how long it usually takes. */
const titleOf = (name: StageName): string => {
  const { title, usually } = stages[name];
  const both =
    usually.cold === usually.warm ? usually.cold : `${usually.cold} the first time, then ${usually.warm}`;
  return `${title} (usually ${both})`;
};

/** `up` with its progress shown: a live list on a terminal, otherwise a line for each stage begun and finished. */
export const upOnTerminal = (options?: LabOptions): Promise<Lab> =>
  process.stdout.isTTY ? upWithList(options) : upInLines(options);

/** `up` with a line for each stage, where other output goes on beside it. */
export const upInLines = (options?: LabOptions): Promise<Lab> => up(lines(), options);

const waiting = 'Another `npm run lab` or `npm run lab -- down` is at work; waiting for it.';

function lines(): Progress {
  const began = new Map<StageName, number>();
  return (event) => {
    if (event.kind === 'waiting') console.log(waiting);
    if (event.kind === 'began') {
      began.set(event.stage, Date.now());
      console.log(`… ${titleOf(event.stage)}`);
    }
    if (event.kind === 'finished' || event.kind === 'failed') {
      const seconds = ((Date.now() - (began.get(event.stage) ?? Date.now())) / 1000).toFixed(1);
      console.log(`${event.kind === 'finished' ? '✔' : '✖'} ${stages[event.stage].title}: ${seconds} s`);
    }
  };
}

/** The list only shows: `up` decides what runs when. */
async function upWithList(options?: LabOptions): Promise<Lab> {
  const rows = new Map<StageName, (event: ProgressEvent) => void>();
  const tasks = names.map((name): ListrTask => ({
    title: stages[name].title,
    task: (_, row) =>
      new Promise<void>((resolve, reject) => {
        rows.set(name, (event) => {
          if (event.kind === 'began') row.title = titleOf(name);
          if (event.kind === 'detail') row.output = event.detail;
          if (event.kind === 'failed') reject(new Error(event.error.message.split('\n')[0]));
          if (event.kind === 'finished') {
            row.title = stages[name].title;
            resolve();
          }
        });
      }),
  }));
  const list = new Listr(tasks, {
    concurrent: true,
    exitOnError: false,
    rendererOptions: {
      timer: { condition: true, field: (duration: number) => `${(duration / 1000).toFixed(1)} s` },
    },
  });
  const shown = list.run();
  try {
    return await up((event) => {
      if (event.kind === 'waiting') console.log(waiting);
      else rows.get(event.stage)?.(event);
    }, options);
  } finally {
    // What an error kept from beginning, or a healthy lab made needless, ends here.
    for (const name of names) rows.get(name)?.({ kind: 'finished', stage: name });
    await shown;
  }
}
