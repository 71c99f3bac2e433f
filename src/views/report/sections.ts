import { provedBy, whereIs } from '../../domain/backup.ts';
import { at, describeRecovery } from '../../domain/plan/point-in-time.ts';
import { describeSource } from '../../domain/plan/source.ts';
import { code, line, list, paragraph, sentence, where } from '../blocks.ts';
import type { Block, Section, Text } from '../blocks.ts';
import { undoByHandTitle } from '../by-hand.ts';
import { describeDiagnosis } from '../diagnosis.ts';
import { onlyByHand } from '../hold.ts';
import { dataDiffBlocks, instanceDiffBlocks, lossLines, rehearsalBlocks, salvageBlocks } from '../losses.ts';
import { stepsBlock, writesStoppedText } from '../status.ts';
import type { WayBack } from '../ways-back.ts';
import type { ReportedDecision } from './decisions.ts';
import type { Report } from './report.ts';
import { report as reportStep } from '../../activities/report/step.ts';

const section = (title: string, ...blocks: Block[]): Section => ({ title, blocks });
const day = (iso: string): Text => ({ time: iso, as: 'day' });
const seconds = (amount: number): Text => ({ duration: amount * 1_000 });
const sentences = (texts: readonly string[], none?: string) => list(texts.map(sentence), none);

export const titleOf = ({ service, outcome, recovery, emergency }: Report): string =>
  `${recovery ? 'Point-in-time restore' : emergency ? 'Emergency restore' : 'Rollback'} of ${service}: ${outcome ?? 'under way'}`;

/** Who or what asked for it, and how a person was proved. */
function asked({ requested }: Report): Text[] {
  if (requested === undefined) return [];
  const { by, via, alert, target, from = '', reason = 'no reason given', trigger } = requested;
  const who =
    alert === undefined
      ? `Asked for by ${by ?? 'nobody named'} (${via === undefined ? 'self-asserted' : `proved by ${via}`})`
      : `Asked for by alert ${alert.name ?? alert.fingerprint} of ${alert.source} (fingerprint ${alert.fingerprint})`;
  return [
    `${who}, ${target === undefined ? `from ${from}` : `target ${target}`}: ${reason}`,
    ...(trigger === undefined ? [] : [`Trigger: ${trigger}`]),
  ];
}

function facts(report: Report): Text[] {
  const { operation, workflowId, revision, startedAt, endedAt, restored, planHash } = report;
  return [
    line`Operation ${code(operation)}, workflow ${code(workflowId)}${planHash === undefined ? '' : line`, plan ${code(planHash)}`}`,
    ...(revision
      ? [
          `Revision before: ${revision.before}; after: ${revision.after ?? 'not known'}; target: ${revision.target}`,
          ...revision.reverted.map((reverted) => `Reverted: ${reverted.revision} ${reverted.message}`),
        ]
      : []),
    ...asked(report),
    ...(startedAt === undefined
      ? []
      : [line`From ${day(startedAt)} to ${endedAt === undefined ? 'now' : day(endedAt)}`]),
    ...(report.writesStopped ? [writesStoppedText(report.writesStopped)] : []),
    ...(restored
      ? [
          line`Restored from the ${restored.from === 'snapshot' ? 'snapshot' : 'backup'} in ${seconds(restored.seconds)}`,
        ]
      : []),
  ];
}

/** Runbook, Pre-Rollback Checklist: document the current state. */
function foundAtStart({ foundAtStart: seen }: Report): Text[] {
  if (seen === undefined) return [];
  return [
    ...(seen.diagnosis ? describeDiagnosis(seen.diagnosis).map(sentence) : []),
    line`Database of ${{ number: seen.databaseBytes, unit: 'bytes' }}`,
    ...seen.sessions.map(
      ({ role, application, count }) => `Sessions: ${count} of ${role} (${application || 'unnamed'})`,
    ),
    ...seen.pods.map(
      ({ name, ready, reason }) =>
        `Pod ${name}: ${ready ? 'ready' : `not ready, ${reason ?? 'no reason given'}`}`,
    ),
    ...seen.errors.map((text) => `Log: ${text}`),
    ...seen.notes.map(sentence),
  ];
}

const wayBack = ({ what, from, until, olderThanWritesFrom, notes = [] }: WayBack): Text[] => [
  line`${day(from)} to ${until === undefined ? 'now' : day(until)}: ${what}${until === undefined ? '' : '; used up by restoring from it'}${
    olderThanWritesFrom === undefined
      ? ''
      : line`; does not hold what was written from ${day(olderThanWritesFrom)} on`
  }`,
  ...notes.map(sentence),
];

function backup({ backup: made }: Report): Text[] {
  if (made === undefined) return [];
  return [
    line`${code(whereIs(made))}, ${{ number: made.bytes, unit: 'bytes' }}, by ${made.client} in ${seconds(made.seconds)}`,
    `SHA-256 ${made.sha256}`,
    line`Snapshot of ${day(made.takenAt)}; ${provedBy(made)}`,
  ];
}

/** Of an emergency restore: from what, and whether it took the place of the other. */
function restored({ source, restored, inPlace }: NonNullable<Report['emergency']>): Text[] {
  return [
    `From ${describeSource(source)}`,
    ...(source.kind === 'file' ? [`SHA-256 ${source.sha256}`] : []),
    restored ? line`Restored beside in ${seconds(restored.seconds)}` : 'Nothing was restored.',
    ...(inPlace
      ? [
          `Renamed into place at ${inPlace.revision}; the database as it was is kept as ${inPlace.failedDatabase}`,
          ...inPlace.notes.map(sentence),
        ]
      : ['It did not take the place of the database.']),
  ];
}

/** To which time, into which instance, and whether that is used. */
function restoredInstance({ recovery, restored: made, switched }: NonNullable<Report['recovery']>): Text[] {
  return [
    `${recovery.provider} instance ${recovery.instance} as it was at ${describeRecovery(recovery)}`,
    ...(made
      ? [
          line`New instance ${made.instance} at ${at(made.endpoint)}, made in ${seconds(made.seconds)}`,
          ...made.notes.map(sentence),
        ]
      : ['No new instance was seen to be up.']),
    switched
      ? `${switched.secrets.join(', ')} lead to it instead of ${at(switched.from)}; as they were, they are kept in Secret ${switched.savedSecret}`
      : 'It is not used: the Secrets lead to the old instance.',
  ];
}

/** With where the whole of it lies. */
const diffBlocks = (dataDiff: Parameters<typeof dataDiffBlocks>[0]): Block[] => [
  ...dataDiffBlocks(dataDiff),
  paragraph(
    line`Counted at ${day(dataDiff.at)}; evidence: ${code(dataDiff.evidence.ref)}, SHA-256 ${dataDiff.evidence.sha256}`,
  ),
];

const notCounted = [paragraph('It was not counted.')];

/** What was lost, what was kept of it, by the way that was taken. */
function losses({ recovery, emergency, rehearsal, salvage }: Report): Section[] {
  if (emergency)
    return [
      section('Restored', list(restored(emergency))),
      section('Lost by restoring', ...(emergency.dataDiff ? diffBlocks(emergency.dataDiff) : notCounted)),
    ];
  if (recovery)
    return [
      section('Restored', list(restoredInstance(recovery))),
      section(
        'Lost by restoring',
        ...(recovery.compared ? instanceDiffBlocks(recovery.compared) : notCounted),
      ),
    ];
  const statements = salvage?.saved?.statements.trim().split('\n') ?? [];
  return [
    section(
      'Rehearsal',
      ...(rehearsal === undefined
        ? [paragraph('The downgrade was not rehearsed.')]
        : rehearsalBlocks(rehearsal, salvage)),
    ),
    section(
      'Lost and saved',
      list(salvage === undefined ? ['Nothing was saved.'] : lossLines(salvage)),
      ...(salvage === undefined ? [] : salvageBlocks(salvage)),
      ...where<Block>(statements.length > 0, { kind: 'code', language: 'sql', lines: statements }),
    ),
  ];
}

/** How a person was proved: by what, of whom, in which roles. */
const proofOf = ({ proof, issuer, roles = [] }: ReportedDecision): string =>
  [
    issuer === undefined ? proof : `${proof} of ${issuer}`,
    ...(roles.length === 0 ? [] : [`roles ${roles.join(', ')}`]),
  ].join('; ');

export const decisionTable = (decisions: readonly ReportedDecision[]): Block => ({
  kind: 'table',
  label: 'Decisions',
  head: ['When', 'Who', 'Proved by', 'What', 'Plan', 'Why'],
  rows: decisions.map((decision) => {
    const { at: when, by, what, reason } = decision;
    const plan = 'hash' in decision ? code(decision.hash) : undefined;
    return [day(when), by, proofOf(decision), what, plan, reason];
  }),
  none: 'Nobody was asked.',
});

export const rowTable = (rows: Report['rows']): Block => ({
  kind: 'table',
  label: 'Rows by table',
  head: ['Table', 'After the stop', 'At the end', 'Difference'],
  rows: rows.map(({ table, afterStop, atEnd, difference = 'none' }) => [
    code(table),
    afterStop === undefined ? undefined : { number: afterStop },
    atEnd === undefined ? undefined : { number: atEnd },
    difference,
  ]),
  none: 'Nothing was counted.',
});

/** Everything that was kept to be looked at later: what it proves, where it lies, its checksum. */
function evidence({ backup: made, rehearsal, salvage, emergency, newer }: Report): Block {
  const dataDiff = emergency?.dataDiff ?? newer;
  const saved = salvage?.saved;
  const rows: (readonly [what: string, where: string, sha256: string])[] = [
    ...(made ? [['The dump, as proved', whereIs(made), made.sha256] as const] : []),
    ...(rehearsal?.rehearsed
      ? [['What the downgrade did on a copy', rehearsal.evidence.ref, rehearsal.evidence.sha256] as const]
      : []),
    ...(saved ? [['What was saved', whereIs(saved), saved.sha256] as const] : []),
    ...(saved?.text ? [['Its statements, without data', saved.text.ref, saved.text.sha256] as const] : []),
    ...(dataDiff
      ? [
          [
            'What the restored database does not hold',
            dataDiff.evidence.ref,
            dataDiff.evidence.sha256,
          ] as const,
        ]
      : []),
  ];
  return {
    kind: 'table',
    head: ['What', 'Where', 'SHA-256'],
    rows: rows.map(([what, where, sha256]) => [what, code(where), code(sha256)]),
    none: 'None was kept.',
  };
}

/** The report in its order, what needs a person first; Markdown and HTML are made of the same. */
export function sectionsOf(report: Report): Section[] {
  const { attention, waysBack, newer, rows, steps, verified, notVerified, byHand, toDo } = report;
  const { decisions, breaches, annotations, notDelivered, escalationPath, relatedRunbooks, timeline } =
    report;
  const done = steps.filter(({ state, step }) => state !== 'to-do' && step !== reportStep.name);
  return [
    ...where(attention.length > 0, section('Needs a person', sentences(attention))),
    section('Facts', list(facts(report))),
    section('Steps', done.length === 0 ? paragraph('None began.') : stepsBlock(done)),
    section('Found before anything was touched', list(foundAtStart(report), 'Nothing was assessed.')),
    section('Ways back', list(waysBack.flatMap(wayBack), 'None was made.')),
    section('Backup', list(backup(report), 'No backup was made by this operation.')),
    ...(newer
      ? [section('Written after the restart, and only in the database kept', ...diffBlocks(newer))]
      : []),
    ...losses(report),
    section('Rows', rowTable(rows)),
    section('Decisions', decisionTable(decisions)),
    section('Verified', sentences(verified, 'Nothing.')),
    section('Not verified', sentences(notVerified, 'Nothing that is known of.')),
    section('Evidence', evidence(report)),
    section('Writers that came back while writes were stopped', breachList(breaches, 'None.')),
    ...where(
      annotations.length > 0,
      section(
        'Alerts meanwhile',
        list(
          annotations.map(
            ({ at: when, source, status, text }) => line`${day(when)} ${source}, ${status}: ${text}`,
          ),
        ),
      ),
    ),
    ...where(
      notDelivered.length > 0,
      section(
        'Not told',
        list(
          notDelivered.map(
            ({ at: when, to, what, why }) => line`${day(when)} ${to} was not told "${what}": ${why}`,
          ),
        ),
      ),
    ),
    ...where(
      byHand.length > 0,
      section(
        undoByHandTitle,
        // While it is under way, a worker would undo what they do.
        ...where(report.outcome === undefined, paragraph(onlyByHand)),
        { kind: 'code', language: 'sh', lines: byHand },
      ),
    ),
    section(
      'To do',
      toDo.length === 0 ? paragraph('Nothing.') : { kind: 'tasks', items: toDo.map(sentence) },
    ),
    section('Escalation path', list(escalationPath, 'None.')),
    ...where(
      relatedRunbooks.length > 0,
      section('Related runbooks', list(relatedRunbooks.map(({ title, url }) => ({ link: title, url })))),
    ),
    section('Timeline', {
      kind: 'table',
      label: 'Timeline',
      head: ['When', 'What'],
      rows: timeline.map(({ at: when, what }) => [day(when), sentence(what)]),
    }),
  ];
}

/** Writers that came back while writes were stopped. */
export const breachList = (breaches: Report['breaches'], none?: string): Block =>
  list(
    breaches.map(
      ({ at: when, what, reachedDatabase }) =>
        line`${day(when)} ${what}${reachedDatabase ? line`: ${{ badge: 'reached the database', mood: 'bad' }}` : ', kept from the database'}`,
    ),
    none,
  );
