import { losesIn } from '../domain/data-diff.ts';
import type { DataDiff, TableDiff } from '../domain/data-diff.ts';
import { describeLoss } from '../domain/rehearsal.ts';
import type { Loss, Rehearsal } from '../domain/rehearsal.ts';
import type { Salvage } from '../domain/salvage.ts';
import { count } from '../domain/text.ts';
import { code, folded, line, list, paragraph, section, sentence, where } from './blocks.ts';
import type { Block, Inline, Text } from './blocks.ts';
import type { ComparedInstance } from '../activities/compare-instance/step.ts';
import { losesTable } from '../activities/compare-instance/step.ts';

const savedRows = ({ salvaged }: Salvage) => salvaged.reduce((sum, { rows }) => sum + rows, 0);
const objects = (each: readonly { object: string }[]) => each.map(({ object }) => object).join(', ');

/** What counts as a loss: what nobody knows, and what is not saved. */
export const willBeLost = ({ unknown, lost }: Salvage): Text[] => [
  ...where(
    unknown !== undefined,
    line`${{ badge: 'Loss unknown', mood: 'bad' }}: ${unknown ?? ''}. This counts as a loss; only the backup holds all of it.`,
  ),
  ...lost.map(
    (loss): Text =>
      line`${{ badge: 'Will be lost', mood: 'bad' }}: ${describeLoss(loss)}. It remains only in the backup.`,
  ),
];

/**
 * What the downgrade does to data, in the few lines that decide: what is not known, what will be lost, and what is
 * removed and saved. The first two count as a loss.
 */
export function lossLines(salvage: Salvage | undefined): Text[] {
  if (salvage === undefined) return ['Not known yet.'];
  const { unknown, lost, salvaged } = salvage;
  const removed = `Removed from the database: ${objects(salvaged)} (${count(savedRows(salvage), 'row')}). `;
  const all = { strong: lost.length === 0 && unknown === undefined ? 'All saved' : 'Saved' };
  const lines: Text[] = [
    ...willBeLost(salvage),
    ...where(
      salvaged.length > 0,
      line`${removed}${all} in a script that puts them back once the migration is corrected.`,
    ),
  ];
  return lines.length > 0 ? lines : ['Nothing is lost.'];
}

const kinds: Record<Loss['kind'], string> = {
  table: 'Table dropped',
  column: 'Column dropped',
  rows: 'Rows removed',
  values: 'Values changed',
  'large objects': 'Large objects removed',
};

const isSame = (one: Loss, other: Loss) => one.kind === other.kind && one.object === other.object;

const isLost: Inline = { badge: 'lost', mood: 'bad' };

const amount = (value: number | undefined): Text | undefined =>
  value === undefined ? undefined : { number: value };

/** Every object that loses something; with a salvage, whether it is saved. */
export function lossTable(losses: readonly Loss[], salvage: Pick<Salvage, 'lost'> | undefined): Block {
  const fate = (loss: Loss): Inline =>
    salvage === undefined
      ? ''
      : salvage.lost.some((lost) => isSame(lost, loss))
        ? isLost
        : { badge: 'saved', mood: 'good' };
  return {
    kind: 'table',
    label: 'What the downgrade removes',
    head: ['Object', '', 'What', 'Rows', 'Values', 'Written after the migration'],
    rows: losses.map((loss) => [
      code(loss.object),
      fate(loss),
      kinds[loss.kind],
      amount(loss.rows),
      amount(loss.values),
      amount(loss.writtenSince),
    ]),
    none: 'It removes nothing.',
  };
}

/** What the copy showed before anybody was asked, and what is saved of what the downgrade removes. */
export function rehearsalBlocks(rehearsal: Rehearsal, salvage: Pick<Salvage, 'lost'> | undefined): Block[] {
  if (!rehearsal.rehearsed) return [paragraph(`The downgrade was not rehearsed: ${rehearsal.why}`)];
  const { seconds, losses, warnings, changes, locks, evidence } = rehearsal;
  return [
    paragraph(line`The downgrade worked on a copy of this database, in ${{ duration: seconds * 1_000 }}.`),
    {
      kind: 'list',
      look: 'warnings',
      items: warnings.map((warning) => line`${{ strong: 'Warning:' }} ${warning}`),
    },
    section('What it removes', lossTable(losses, salvage)),
    ...where(
      changes.length > 0,
      folded('changes', count(changes.length, 'change') + ' of the schema', list(changes)),
    ),
    ...where(
      locks.length > 0,
      folded(
        'locks',
        count(locks.length, 'lock'),
        list(locks.map(({ relation, mode }) => line`${code(relation)} ${mode}`)),
      ),
    ),
    paragraph({ faint: `Evidence: ${evidence.ref}, SHA-256 ${evidence.sha256}` }),
  ];
}

/** The script that puts back what the downgrade removes, and why something is not in it. */
export function salvageBlocks(salvage: Salvage): Block[] {
  const { saved, salvaged, notes } = salvage;
  return [
    ...(saved === undefined
      ? []
      : [
          paragraph(
            line`Saved before the downgrade, as an SQL script of ${{ number: saved.bytes, unit: 'bytes' }}: ${code(saved.file)} (${saved.store}), SHA-256 ${saved.sha256}.`,
          ),
          list(salvaged.map(({ object, rows }) => line`${code(object)}, ${count(rows, 'row')}`)),
          paragraph('Once a corrected migration is applied, this puts it back:'),
          { kind: 'code', language: 'sh', lines: [saved.putBack] } as const,
        ]),
    list(notes.map(sentence)),
  ];
}

/** What the database as it is holds and the restored one does not. */
export const dataDiffBlocks = ({ tables, lostRows, equal }: DataDiff): Block[] => [
  paragraph(
    tables.length === 0
      ? `Nothing: ${count(equal, 'table')} equal row by row.`
      : `${count(lostRows, 'row')} would be lost; ${count(equal, 'table')} equal row by row.`,
  ),
  dataDiffTable(tables),
];

/** One row for each table that differs: what only one of the two holds, and what could not be counted. */
const dataDiffTable = (tables: readonly TableDiff[]): Block => ({
  kind: 'table',
  label: 'Tables that differ',
  head: ['Table', '', 'Now', 'Restored', 'Only now', 'Different', 'Only restored', 'Newest', 'Beside that'],
  rows: tables.map((each) => [
    code(each.table),
    losesIn(each) ? isLost : '',
    amount(each.now),
    amount(each.restored),
    amount(each.onlyNow),
    amount(each.changed),
    amount(each.onlyRestored),
    each.newest &&
      line`${code(each.newest.column)}: ${each.newest.now ?? 'none'} now, ${each.newest.restored ?? 'none'} restored`,
    besides(each).join('; '),
  ]),
});

const besides = ({ now, restored, columns = [], notCompared, unreadable }: TableDiff): string[] => [
  ...where(unreadable !== undefined, `cannot be read now: ${unreadable ?? ''}`),
  ...where(unreadable === undefined && now === undefined, 'the table is not there now'),
  ...where(restored === undefined, 'the table is not in what was restored'),
  ...columns.map(({ column, values }) => `column ${column} with ${count(values, 'value')} is not in it`),
  ...where(notCompared !== undefined, `rows not compared: ${notCompared ?? ''}`),
];

/** What the old instance holds and the new one does not. */
export const instanceDiffBlocks = ({ tables, equal, loses }: ComparedInstance): Block[] => [
  paragraph(`${loses ? '' : 'Nothing was written since. '}${count(equal, 'table')} without a difference.`),
  {
    kind: 'table',
    label: 'Tables that differ',
    head: ['Table', '', 'Now', 'Then', 'Written since', 'Beside that'],
    rows: tables.map((each) => [
      code(each.table),
      losesTable(each) ? isLost : '',
      amount(each.now),
      amount(each.restored),
      amount(each.since),
      each.now === undefined
        ? 'the table is not there now'
        : each.restored === undefined
          ? 'there was no such table then'
          : each.since === undefined
            ? 'rows not compared one by one'
            : '',
    ]),
  },
];
