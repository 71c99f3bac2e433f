import type { MigrationCode } from '../domain/migration-code.ts';
import type { Assessment, Observations, Plan } from '../domain/plan/plan.ts';
import type { Revision } from '../domain/plan/revision.ts';
import type { Rehearsal } from '../domain/rehearsal.ts';
import { count, people } from '../domain/text.ts';
import { code, folded, line, list, paragraph, section, sentence, trouble, where } from './blocks.ts';
import type { Block, Text } from './blocks.ts';
import { adviceText, reasonsFor } from './diagnosis.ts';
import { plannedWaysBack } from './ways-back.ts';
import type { WayBack } from './ways-back.ts';

/** What moves: the revisions, and the migrations that are reverted. */
export const movesOf = ({ from, target, reverts }: Plan): string[] => [
  `Database: ${from} → ${target}`,
  ...reverts.map(({ revision, message }) => `Reverts ${revision}: ${message}`),
];

/** Which release runs where afterwards, and what was found stopped already. */
export const releaseOf = (plan: Plan): string[] => [
  ...plan.workloads.map(({ deployment, found, wanted, rollBackTo }) => {
    const app = rollBackTo
      ? `${found.image} → ${rollBackTo.image}`
      : `${found.image}; no earlier release fits the target`;
    return found.replicas === 0 && wanted.replicas > 0
      ? `${deployment}: found stopped already (0 replicas), wanted ${wanted.replicas}; ${app}`
      : `${deployment}: ${count(found.replicas, 'replica')} found, wanted ${wanted.replicas}; ${app}`;
  }),
  ...plan.cronJobs.map(({ name, found, wanted, rollBackTo }) => {
    const image = rollBackTo?.image ?? 'no image fits the target';
    const stays = wanted.suspended || rollBackTo === undefined ? ', it will stay suspended' : '';
    const already =
      found.suspended && !wanted.suspended ? 'found suspended already, will be resumed at the end; ' : '';
    return `CronJob ${name}: ${already}${image}${stays}`;
  }),
];

/** What lives and could write: pods and sessions, as found. */
export const aliveIn = ({ pods, sessions }: Observations): string[] => [
  ...pods.map(
    ({ name, ready, reason }) =>
      `pod ${name}: ${ready ? 'ready' : `not ready, ${reason ?? 'no reason given'}`}`,
  ),
  ...sessions.map(
    ({ role, application, count: sessionsOf }) =>
      `${count(sessionsOf, 'session')} of role ${role}${application === '' ? '' : ` (${application})`}`,
  ),
];

const cut = ({ more }: MigrationCode): Text[] =>
  more === undefined
    ? []
    : [
        {
          faint: `${count(more, 'character')} more; the whole of it is in the evidence beside the report, and in the image.`,
        },
      ];

interface Found {
  rehearsal?: Rehearsal | undefined;
  /** Those that were made; without any those that are planned. */
  waysBack?: readonly WayBack[] | undefined;
}

/** A migration that is reverted: the SQL that ran on the copy, or until then the source of its downgrade. */
function reverted(
  { revision, message, path }: Revision,
  seen: Observations,
  { rehearsal }: Found,
  open: boolean,
): Block {
  const of = (each: MigrationCode) => each.revision === revision;
  const sql = rehearsal?.rehearsed ? rehearsal.sql.find(of) : undefined;
  const source = seen.downgrades.find(of);
  const shown = sql ?? source;
  const says = sql
    ? 'SQL, as it ran on the copy:'
    : source
      ? 'Its source; the SQL is known once it was rehearsed:'
      : 'Its SQL is known once it was rehearsed.';
  const blocks = [
    paragraph({ faint: path }),
    sql?.text === '' ? trouble('Its SQL: none. This downgrade does nothing.') : paragraph(says),
    ...where<Block>(shown !== undefined && shown.text !== '', {
      kind: 'code',
      language: sql ? 'sql' : languageOf(path),
      lines: shown?.text.split('\n') ?? [],
    }),
    ...(shown ? cut(shown).map(paragraph) : []),
  ];
  const title = line`${code(revision)} ${message}`;
  return { kind: 'section', title, blocks, folded: `revert-${revision}`, open };
}

/** The ending of the file tells it, whatever the migration tool. */
const languageOf = (path: string) =>
  path.endsWith('.py') ? 'python' : path.endsWith('.sql') ? 'sql' : 'text';

/** What is reverted is open at first while it fits on a screen. */
const openUpTo = 2;

const wayBack = ({ what, from, until, olderThanWritesFrom }: WayBack): Text =>
  line`${what}, since ${{ time: from }}${until === undefined ? '' : line`, until ${{ time: until }}`}${
    olderThanWritesFrom === undefined
      ? ''
      : line`; without what was written since ${{ time: olderThanWritesFrom }}`
  }`;

const lines = (title: string, items: readonly Text[]): Block[] =>
  where(items.length > 0, section(title, list(items)));

/**
 * The plan with what was seen before anything was touched, in the order in which a person asks at night: what moves,
 * what runs afterwards, what the ways back are, what is wrong.
 */
export function planBlocks(plan: Plan, hash: string, seen: Observations, found: Found = {}): Block[] {
  const { database, reverts, from, target, takesUp } = plan;
  const made = found.waysBack ?? [];
  const { diagnosis } = seen;
  return [
    paragraph(
      line`Database ${{ strong: database.name }} (PostgreSQL ${String(database.serverMajor)}, ${{ number: seen.databaseBytes, unit: 'bytes' }}), ${code(from)} → ${code(target)}${
        reverts.length === 0 ? '' : `; ${count(reverts.length, 'migration')} reverted`
      }; ${{ faint: `plan ${hash}` }}`,
    ),
    ...reverts.map((revision) => reverted(revision, seen, found, reverts.length <= openUpTo)),
    ...lines('The release', releaseOf(plan)),
    ...lines('Ways back', made.length > 0 ? made.map(wayBack) : plannedWaysBack(plan)),
    ...(diagnosis
      ? [section('What is wrong', paragraph(adviceText(diagnosis)), list(reasonsFor(diagnosis)))]
      : []),
    ...lines('Approval', [
      plan.people === 0 ? 'nobody is asked' : `gate downgrade needs ${people(plan.people)}`,
      ...(takesUp ? [`takes up the unfinished operation ${takesUp.operation}`] : []),
    ]),
    folded('tables', `Rows by table, ${Object.keys(seen.counts).length}`, rowsOf(seen.counts)),
    ...where<Block>(
      seen.errors.length > 0,
      folded('errors', 'Last errors in the logs', { kind: 'code', language: 'text', lines: seen.errors }),
    ),
    ...where(
      seen.notes.length > 0,
      folded('notes', `Notes, ${seen.notes.length}`, list(seen.notes.map(sentence))),
    ),
  ];
}

const rowsOf = (counts: Record<string, number>): Block => ({
  kind: 'table',
  label: 'Rows by table',
  head: ['Table', 'Rows'],
  rows: Object.entries(counts).map(([table, rows]) => [code(table), { number: rows }]),
});

/** What `assess` answered: a plan, nothing to do, or every fault with its next move. */
export function assessmentBlocks(assessment: Assessment): Block[] {
  if (assessment.kind === 'nothing-to-do')
    return [
      paragraph(
        line`${{ badge: 'Nothing to do', mood: 'good' }} at ${assessment.revision}: ${assessment.reason}`,
      ),
    ];
  if (assessment.kind === 'refused') return faultBlocks(assessment.faults);
  const { plan, hash, observations } = assessment;
  return [
    paragraph({ strong: plan.service.service }),
    ...planBlocks(plan, hash, observations),
    ...lines('Alive now', aliveIn(observations)),
    ...lines('Not verified', observations.notVerified.map(sentence)),
  ];
}

/** Each fault with the move that mends it. */
export const faultBlocks = (faults: readonly { type: string; message: string; next: string }[]): Block[] =>
  faults.flatMap(({ type, message, next }) => [
    paragraph(line`${{ badge: type, mood: 'bad' }}: ${sentence(message)}`),
    paragraph(line`Next: ${sentence(next)}`),
  ]);
