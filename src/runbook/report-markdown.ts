import { diagnosisInWords } from './diagnosis.ts';
import { provedBy, whereIs } from './backup.ts';
import { cell, nameOf, timeOf } from './details.ts';
import { inWords } from './duration.ts';
import { rehearsalLines, salvageLines, statementLines, waysBackLines } from './report-data.ts';
import type { Report } from './report.ts';
import { lostLines, restoredLines } from './report-emergency.ts';
import { momentLines, sinceLines } from './report-moment.ts';
import { bytesInWords } from './summaries.ts';

const line = (text: string) => text.replaceAll(/\s+/g, ' ').trim();

const list = (items: string[], none: string) =>
  items.length === 0 ? [none] : items.map((item) => `- ${line(item)}`);

const table = (head: string[], rows: (string | number | undefined)[][]) => [
  `| ${head.join(' | ')} |`,
  `|${head.map(() => '---').join('|')}|`,
  ...rows.map(
    (row) =>
      `| ${row.map((value) => cell(value === undefined ? '–' : value.toLocaleString('en'))).join(' | ')} |`,
  ),
];

const section = (title: string, lines: string[]) => ['', `## ${title}`, '', ...lines];

function facts(report: Report): string[] {
  const { revision, requested, writesStopped, startedAt, endedAt, restored } = report;
  const stopped =
    writesStopped?.until === undefined
      ? writesStopped && `since ${writesStopped.from}, and still stopped`
      : `${inWords(Date.parse(writesStopped.until) - Date.parse(writesStopped.from))} (${writesStopped.from} to ${writesStopped.until})`;
  return list(
    [
      `Operation ${report.operation}, workflow ${report.workflowId}${report.planHash === undefined ? '' : `, plan ${report.planHash}`}`,
      ...(revision
        ? [
            `Revision before: ${revision.before}; after: ${revision.after ?? 'not known'}; target: ${revision.target}`,
          ]
        : []),
      ...(revision?.reverted.map((reverted) => `Reverted: ${reverted.revision} ${reverted.message}`) ?? []),
      ...(requested
        ? [
            `Asked for by ${requested.by ?? 'nobody named'} (self-asserted), ${requested.target === undefined ? `from ${requested.from ?? ''}` : `target ${requested.target}`}: ${requested.reason ?? 'no reason given'}`,
          ]
        : []),
      ...(requested?.trigger === undefined ? [] : [`Trigger: ${requested.trigger}`]),
      ...(startedAt === undefined ? [] : [`From ${startedAt} to ${endedAt ?? 'now'}`]),
      ...(stopped === undefined ? [] : [`Writes stopped: ${stopped}`]),
      ...(restored
        ? [
            `Restored from the ${restored.from === 'restore-point' ? 'restore point' : 'backup'} in ${inWords(restored.seconds * 1_000)}`,
          ]
        : []),
    ],
    'Nothing was planned.',
  );
}

function backup({ backup: made }: Report): string[] {
  if (made === undefined) return ['No backup was made by this operation.'];
  return list(
    [
      `${whereIs(made)}, ${bytesInWords(made.bytes)}, by ${made.client} in ${inWords(made.seconds * 1_000)}`,
      `SHA-256 ${made.sha256}`,
      `Snapshot of ${made.takenAt}; ${provedBy(made)}`,
    ],
    '',
  );
}

/** Runbook, Pre-Rollback Checklist: document the current state. */
function foundAtStart({ foundAtStart: seen }: Report): string[] {
  if (seen === undefined) return ['Nothing was assessed.'];
  return list(
    [
      ...(seen.diagnosis ? diagnosisInWords(seen.diagnosis) : []),
      `Database of ${bytesInWords(seen.databaseBytes)}`,
      ...seen.sessions.map(
        ({ role, application, count }) => `Sessions: ${count} of ${role} (${application || 'unnamed'})`,
      ),
      ...seen.pods.map(
        ({ name, ready, reason }) =>
          `Pod ${name}: ${ready ? 'ready' : `not ready, ${reason ?? 'no reason given'}`}`,
      ),
      ...seen.errors.map((text) => `Log: ${text}`),
      ...seen.notes,
    ],
    '',
  );
}

/** The report as Markdown, for people; what needs a person stands first. */
export function reportMarkdown(report: Report): string {
  return [
    `# ${report.moment ? 'Point-in-time restore' : report.emergency ? 'Emergency restore' : 'Rollback'} of ${report.service}: ${report.outcome ?? 'under way'}`,
    '',
    line(report.reason ?? ''),
    ...(report.attention.length === 0 ? [] : section('Needs a person', list(report.attention, ''))),
    ...section('Facts', facts(report)),
    ...section(
      'Steps',
      table(
        ['Step', 'State', 'Time', 'Found'],
        report.steps
          .filter(({ state, step }) => state !== 'to-do' && step !== 'report')
          .map((step) => [nameOf(step), step.state, timeOf(step), step.summary ?? '']),
      ),
    ),
    ...section('Found before anything was touched', foundAtStart(report)),
    ...section('Ways back', list(waysBackLines(report.waysBack), 'None was made.')),
    ...section('Backup', backup(report)),
    ...(report.newer
      ? section(
          'Written after the restart, and only in the database kept',
          list(lostLines({ census: report.newer }), ''),
        )
      : []),
    ...(report.moment
      ? [
          ...section('Restored', list(momentLines(report.moment), '')),
          ...section('Lost by restoring', list(sinceLines(report.moment), '')),
        ]
      : []),
    ...(report.emergency
      ? [
          ...section('Restored', list(restoredLines(report.emergency), '')),
          ...section('Lost by restoring', list(lostLines(report.emergency), '')),
        ]
      : report.moment
        ? []
        : [
            ...section('Rehearsal', list(rehearsalLines(report.rehearsal), '')),
            ...section('Lost and salvaged', [
              ...list(salvageLines(report.salvage), ''),
              ...statementLines(report.salvage),
            ]),
          ]),
    ...section(
      'Rows',
      report.rows.length === 0
        ? ['Nothing was counted.']
        : table(
            ['Table', 'After the stop', 'At the end', 'Difference'],
            report.rows.map((row) => [row.table, row.afterStop, row.atEnd, row.difference ?? 'none']),
          ),
    ),
    ...section(
      'Decisions',
      report.decisions.length === 0
        ? ['Nobody was asked.']
        : table(
            ['When', 'Who', 'Proved by', 'What', 'Plan', 'Why'],
            report.decisions.map(({ at, by, proof, what, hash, reason }) => [
              at,
              by,
              proof,
              what,
              hash,
              reason,
            ]),
          ),
    ),
    ...section('Verified', list(report.verified, 'Nothing.')),
    ...section('Not verified', list(report.notVerified, 'Nothing that is known of.')),
    ...section(
      'Writers that came back while writes were stopped',
      list(
        report.breaches.map(
          ({ at, what, reachedDatabase }) =>
            `${at} ${what}${reachedDatabase ? ' (reached the database)' : ''}`,
        ),
        'None.',
      ),
    ),
    ...(report.byHand.length === 0
      ? []
      : section('Undo the freeze by hand', ['```sh', ...report.byHand, '```'])),
    ...section(
      'To do',
      report.toDo.length === 0 ? ['Nothing.'] : report.toDo.map((item) => `- [ ] ${line(item)}`),
    ),
    ...section('Escalation path', list(report.escalationPath, 'None.')),
    ...(report.relatedRunbooks.length === 0
      ? []
      : section(
          'Related runbooks',
          report.relatedRunbooks.map(({ title, url }) => `- [${title}](${url})`),
        )),
    ...section(
      'Timeline',
      table(
        ['When', 'What'],
        report.timeline.map(({ at, what }) => [at, what]),
      ),
    ),
    '',
  ].join('\n');
}
