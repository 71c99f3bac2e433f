import { nameOf, timeOf } from '../details.ts';
import { rehearsalLines, salvageLines, statementsOf, waysBackLines } from './data.ts';
import { lostLines, restoredLines } from './emergency.ts';
import { backupLines, evidenceRows, factLines, foundLines } from './facts.ts';
import type { ReportedDecision } from './decisions.ts';
import { recoveryLines, sinceLines } from './point-in-time.ts';
import type { Report } from './report.ts';

type Cell = string | number | undefined;

/** A part of the report, before it is Markdown or HTML. Text between backticks is a command or a name. */
export type Block =
  | { kind: 'list'; items: string[]; none: string }
  | { kind: 'table'; head: string[]; rows: Cell[][]; none: string }
  | { kind: 'code'; language: 'sh' | 'sql'; lines: string[] }
  /** To be ticked off, each by an owner whom people fill in. */
  | { kind: 'tasks'; items: string[] }
  | { kind: 'links'; links: { title: string; url: string }[] };

export interface Section {
  title: string;
  blocks: Block[];
}

const list = (items: string[], none = ''): Block => ({ kind: 'list', items, none });
const table = (head: string[], rows: Cell[][], none = ''): Block => ({ kind: 'table', head, rows, none });
const section = (title: string, ...blocks: Block[]): Section => ({ title, blocks });
const where = (applies: unknown, ...sections: Section[]): Section[] => (applies ? sections : []);

export const titleOf = ({ service, outcome, moment, emergency }: Report): string =>
  `${moment ? 'Point-in-time restore' : emergency ? 'Emergency restore' : 'Rollback'} of ${service}: ${outcome ?? 'under way'}`;

function stepRows({ steps }: Report): Cell[][] {
  return steps
    .filter(({ state, step }) => state !== 'to-do' && step !== 'report')
    .map((line) => [nameOf(line), line.state, timeOf(line), line.summary ?? '']);
}

/** What was lost, what was kept of it, by the way that was taken. */
function lossSections(report: Report): Section[] {
  const { moment, emergency, rehearsal, salvage } = report;
  if (emergency)
    return [
      section('Restored', list(restoredLines(emergency))),
      section('Lost by restoring', list(lostLines(emergency))),
    ];
  if (moment)
    return [
      section('Restored', list(recoveryLines(moment))),
      section('Lost by restoring', list(sinceLines(moment))),
    ];
  const statements = statementsOf(salvage);
  return [
    section('Rehearsal', list(rehearsalLines(rehearsal))),
    section(
      'Lost and salvaged',
      list(salvageLines(salvage)),
      ...(statements.length === 0 ? [] : [{ kind: 'code', language: 'sql', lines: statements } as const]),
    ),
  ];
}

/** How a person was proved: by what, of whom, in which roles. */
const proofOf = ({ proof, issuer, roles = [] }: ReportedDecision): string =>
  [
    issuer === undefined ? proof : `${proof} of ${issuer}`,
    ...(roles.length === 0 ? [] : [`roles ${roles.join(', ')}`]),
  ].join('; ');

const decisionRows = ({ decisions }: Report): Cell[][] =>
  decisions.map((decision) => {
    const { at, by, what, hash, reason } = decision;
    return [at, by, proofOf(decision), what, hash, reason];
  });

const breachLines = ({ breaches }: Report) =>
  breaches.map(
    ({ at, what, reachedDatabase }) => `${at} ${what}${reachedDatabase ? ' (reached the database)' : ''}`,
  );

/** The report in its order, what needs a person first; Markdown and HTML are made of the same. */
export function sectionsOf(report: Report): Section[] {
  const { attention, waysBack, newer, rows, verified, notVerified, byHand, toDo } = report;
  return [
    ...where(attention.length > 0, section('Needs a person', list(attention))),
    section('Facts', list(factLines(report))),
    section('Steps', table(['Step', 'State', 'Time', 'Found'], stepRows(report), 'None began.')),
    section('Found before anything was touched', list(foundLines(report), 'Nothing was assessed.')),
    section('Ways back', list(waysBackLines(waysBack), 'None was made.')),
    section('Backup', list(backupLines(report), 'No backup was made by this operation.')),
    ...where(
      newer,
      section(
        'Written after the restart, and only in the database kept',
        list(lostLines({ ...(newer && { dataDiff: newer }) })),
      ),
    ),
    ...lossSections(report),
    section(
      'Rows',
      table(
        ['Table', 'After the stop', 'At the end', 'Difference'],
        rows.map((row) => [row.table, row.afterStop, row.atEnd, row.difference ?? 'none']),
        'Nothing was counted.',
      ),
    ),
    section(
      'Decisions',
      table(['When', 'Who', 'Proved by', 'What', 'Plan', 'Why'], decisionRows(report), 'Nobody was asked.'),
    ),
    section('Verified', list(verified, 'Nothing.')),
    section('Not verified', list(notVerified, 'Nothing that is known of.')),
    section('Evidence', table(['What', 'Where', 'SHA-256'], evidenceRows(report), 'None was kept.')),
    section('Writers that came back while writes were stopped', list(breachLines(report), 'None.')),
    ...where(
      report.annotations.length > 0,
      section(
        'Alerts meanwhile',
        list(report.annotations.map(({ at, source, status, text }) => `${at} ${source}, ${status}: ${text}`)),
      ),
    ),
    ...where(
      report.notTold.length > 0,
      section(
        'Not told',
        list(report.notTold.map(({ at, to, what, why }) => `${at} ${to} was not told "${what}": ${why}`)),
      ),
    ),
    ...where(
      byHand.length > 0,
      section('Undo the freeze by hand', { kind: 'code', language: 'sh', lines: byHand }),
    ),
    section('To do', toDo.length === 0 ? list([], 'Nothing.') : { kind: 'tasks', items: toDo }),
    section('Escalation path', list(report.escalationPath, 'None.')),
    ...where(
      report.relatedRunbooks.length > 0,
      section('Related runbooks', { kind: 'links', links: report.relatedRunbooks }),
    ),
    section(
      'Timeline',
      table(
        ['When', 'What'],
        report.timeline.map(({ at, what }) => [at, what]),
      ),
    ),
  ];
}
