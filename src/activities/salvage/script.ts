import { literal } from '../../postgres/properties.ts';
import { settings } from './copy-out.ts';
import type { Keep } from './keeps.ts';
import { functions } from './put-back-sql.ts';
import type { Sequence } from './relations.ts';

/** A keep in the script: the rows that it has, and the sequences that feed its columns. */
export interface Block extends Keep {
  /** Name of the staged table in the script's session. */
  staged: string;
  sequences: Sequence[];
  /** Rows in the snapshot; absent where only some are kept. */
  rows?: number;
}

export interface Heading {
  service: string;
  operation: string;
  from: string;
  target: string;
}

/** In a comment a name must not end the line: what follows would be a statement. */
const inComment = (text: string): string => text.replace(/[\r\n]+/g, ' ');

const array = (names: readonly string[]): string => `ARRAY[${names.map(literal).join(', ')}]::text[]`;

const staged = ({ names }: Keep): string[] => names.map((_, index) => `c${index + 1}`);

const head = ({ service, operation, from, target }: Heading, blocks: readonly Block[]): string =>
  [
    `-- What the downgrade of ${inComment(service)} from ${inComment(from)} to ${inComment(target)} destroys, kept by ${operation}.`,
    '-- Run it once a corrected migration is applied, and before the application writes again:',
    '--   gunzip --stdout FILE | psql "$DATABASE_URL" -X -v ON_ERROR_STOP=1',
    '-- All or nothing in one transaction; run twice, it changes nothing the second time.',
    ...blocks.map((block) => `-- Holds ${inComment(describe(block))}.`),
    // Without it psql would read the data of a refused COPY as statements.
    '\\set ON_ERROR_STOP on',
    '\\set QUIET on',
    'BEGIN;',
    settings.replaceAll('SET ', 'SET LOCAL '),
    `SET LOCAL lock_timeout = '30s';`,
    `SET LOCAL client_min_messages = 'notice';`,
    'SET LOCAL standard_conforming_strings = on;',
  ].join('\n') + '\n';

const wants = (blocks: readonly Block[]): string =>
  blocks
    .map(
      ({ relation, adds, lost }) =>
        `CALL pg_temp.backstep_wants(${literal(relation.quoted)}, ${array(adds ? [] : lost)});\n`,
    )
    .join('');

/** All before the data; it refuses where the corrected migration is not applied. */
export const beginning = (heading: Heading, blocks: readonly Block[]): string =>
  [head(heading, blocks), functions, wants(blocks)].join('');

export const stage = (block: Block): string => {
  const columns = staged(block);
  const definition = columns.map((column) => `${column} text`).join(', ');
  const named = columns.length === 0 ? '' : ` (${columns.join(', ')})`;
  return [
    `-- ${inComment(describe(block))}: ${columns.map((column, index) => `${column} is ${inComment(block.names[index] ?? '')}`).join(', ')}`,
    `CREATE TEMP TABLE ${block.staged} (${definition}) ON COMMIT DROP;`,
    `COPY pg_temp.${block.staged}${named} FROM stdin;`,
    '',
  ].join('\n');
};

export const endOfData = '\\.\n';

export const putBack = (blocks: readonly Block[]): string =>
  [
    `CALL pg_temp.backstep_prepare(${array([...new Set(blocks.map(({ relation }) => relation.quoted))])});`,
    ...blocks.map(
      ({ relation, staged: from, names, key, lost, adds }) =>
        `CALL pg_temp.backstep_put_back(${literal(relation.quoted)}, ${literal(from)}, names => ${array(names)}, ` +
        `key => ${array(key)}, lost => ${array(lost)}, adds => ${adds});`,
    ),
    'CALL pg_temp.backstep_again();',
    ...blocks.flatMap(({ relation, sequences }) =>
      sequences.map(
        ({ name, lastValue, isCalled, column }) =>
          `CALL pg_temp.backstep_sequence(${literal(name)}, ${lastValue}, ${isCalled}, ${literal(relation.quoted)}, ${literal(column)});`,
      ),
    ),
    end,
  ].join('\n');

/** The last line: a script without it is cut. */
export const end = 'COMMIT;\n';

/** The whole script but for its data. */
export const withoutData = (heading: Heading, blocks: readonly Block[]): string =>
  [beginning(heading, blocks), ...blocks.map((block) => `${stage(block)}${endOfData}`), putBack(blocks)].join(
    '',
  );

/** What it does, without its data and functions, for the report. */
export const statements = (blocks: readonly Block[]): string =>
  [wants(blocks), ...blocks.map((block) => `${stage(block)}${endOfData}`), putBack(blocks)].join('');

function describe({ relation, adds, lost, key, only }: Keep): string {
  const by = key.length > 0 ? 'by primary key' : 'whole, since it is found again by its other columns';
  if (adds && only === undefined) return `table ${relation.key}, ${by}`;
  if (adds) return `lost rows of table ${relation.key}`;
  return `${only === 'values' ? 'changed values' : 'values'} of ${relation.key}: ${lost.join(', ')}, ${by}`;
}
