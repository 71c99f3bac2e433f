import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { failures } from '../src/domain/failures.ts';
import type { FailureGroup, FailureType } from '../src/domain/failures.ts';

export const troubleshootingFile = fileURLToPath(new URL('../docs/troubleshooting.md', import.meta.url));

/** What is common to the failures of a group, and so said once. */
const groups: Record<FailureGroup, { title: string; intro: string }> = {
  start: {
    title: 'Before anything is touched',
    intro: 'The operation ends at once, and nothing was touched.',
  },
  'any-step': {
    title: 'At any step: connections, names, rights and Jobs',
    intro:
      'At the start they end the operation with nothing touched: fix the cause and start again. Later they hold it: fix the cause and `retry`. A definition is read when an operation starts, and not again; so a corrected one counts only after `abort` and a new start.',
  },
  reversible: {
    title: 'Writes stopped, database not yet changed',
    intro:
      'The database is as it was. `abort` at the hold puts everything back; so does its deadline, unless `onGiveUp` is `stay-stopped`.',
  },
  irreversible: {
    title: 'From the downgrade on',
    intro:
      'From the step `downgrade` on (in a restore: from the step that puts the restored database to use) nothing is undone by itself. The operation holds, with writes stopped until the application has started, and a person decides. `abort` ends it with everything as it is; a new start takes it up.',
  },
  people: {
    title: 'Messages and people',
    intro: 'None of these stops a rollback.',
  },
};

/** What has no type, since it is no failure of an operation. */
const others: [seen: string, means: string, next: string][] = [
  [
    '`No worker polls the task queue`',
    'The workflow waits. Nothing is lost, and writes stay as they are.',
    'Start a worker for this address and namespace. It goes on where the other one stopped.',
  ],
  [
    '`Temporal cannot be reached`',
    'The command or the gateway has no connection to Temporal.',
    'Check `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE` and the certificates. The senders of alerts send them again.',
  ],
  [
    'a message was ignored, as `backstep status` says',
    'It was for another plan or another gate, or its sender may not answer here.',
    'Read why, look at the gate again, and approve the hash that it shows now.',
  ],
  [
    'a gate stays open',
    'Too few people have approved, or none with a role that the definition asks for.',
    'Look at `approvals` in the definition. A person with a break-glass role passes it alone, with a reason.',
  ],
  [
    'the gateway answers 401 or 403',
    'The request carries no token or signature, or one that is wrong or too old; or the person lacks the role.',
    'Check the secret of the sender or your own token, and the clocks.',
  ],
  [
    'the gateway answers 200, and nothing starts',
    'The answer says why: no rule matches, or the alert is known already.',
    'Compare the labels in the answer with `triggers` in the definition.',
  ],
];

const cell = (text: string) => text.replaceAll('|', String.raw`\|`);
const row = (...cells: string[]) => `| ${cells.map(cell).join(' | ')} |`;

const typesOf = (group: string) =>
  (Object.keys(failures) as FailureType[]).filter((type) => failures[type].group === group);

/** By error type: what it means, and the next move that Backstep itself tells. */
export const troubleshootingText = (): string =>
  [
    '# Troubleshooting',
    '',
    '<!-- Made by `npm run build` from src/domain/failures.ts and scripts/troubleshooting.ts; change those, not this. -->',
    '',
    'Every failure has a type and a next move. `backstep status`, the page, the Temporal UI and the report show both. Temporal tries those marked ↻ again by itself, as long as the step may take. What `retry`, `skip`, `restore` and `abort` do at a hold stands beside each of them on the page and in `backstep status`; the words are in the [glossary](glossary.md).',
    ...Object.entries(groups).flatMap(([group, { title, intro }]) => [
      '',
      `## ${title}`,
      '',
      intro,
      '',
      '| type | what it means | next move |',
      '|---|---|---|',
      ...typesOf(group).map((type) => {
        const { retry, meaning, next } = failures[type];
        return row(`\`${type}\`${retry ? ' ↻' : ''}`, meaning, next);
      }),
    ]),
    '',
    '## What is no failure of an operation',
    '',
    '| seen | what it means | next move |',
    '|---|---|---|',
    ...others.map((each) => row(...each)),
    '',
  ].join('\n');

export const writeTroubleshooting = () => writeFile(troubleshootingFile, troubleshootingText());
