import type { Observed } from '../../migrations/tool.ts';
import type { SchemaFindings } from '../../schema-diff/schemas.ts';
import type { DatabaseState } from './database-state.ts';

export interface Seen {
  observed: Observed | undefined;
  before: DatabaseState;
  after: DatabaseState;
  /** The copy against what the same migrations build at the target; absent where they could not. */
  schema: SchemaFindings | undefined;
}

/** What a person must know of a downgrade that works. */
export function warningsOf({ observed, before, after, schema }: Seen): string[] {
  return [
    ...(observed?.steps ?? []).flatMap(ofStep),
    ...betweenMigrations(observed),
    ...(observed === undefined ? ['What the migrations did could not be watched from within.'] : []),
    ...leftOver(schema),
    ...sequences(before, after),
  ];
}

/** Those of them that say that the downgrade is not right, although it works. */
export const wrongOf = ({ observed, schema }: Seen): string[] => [
  ...(observed?.steps ?? []).flatMap(doesNothing),
  ...leftOver(schema),
];

type Step = Observed['steps'][number];

const doesNothing = ({ revision, statements, empty }: Step): string[] =>
  statements === 0 && !empty
    ? [`${revision}: its downgrade does nothing (no statement was run), though its upgrade does something`]
    : [];

function ofStep(step: Step): string[] {
  const { revision, commits, environment } = step;
  return [
    ...doesNothing(step),
    ...(commits.length > 0
      ? [
          `${revision}: commits half-way (${[...new Set(commits)].slice(0, 3).join('; ')}): a failure after that leaves the database between two revisions`,
        ]
      : []),
    ...(environment.length > 0
      ? [`${revision}: reads the environment (${environment.join(', ')}): elsewhere it may do something else`]
      : []),
  ];
}

function betweenMigrations(observed: Observed | undefined): string[] {
  const revisions = new Set(observed?.transactions);
  if (revisions.size < 2) return [];
  return [
    `Commits after each migration (${[...revisions].join(', ')}): where a later one fails, the database stays in between`,
  ];
}

const most = 5;

/** A migration may run statements and yet undo only half of its upgrade. */
function leftOver(schema: SchemaFindings | undefined): string[] {
  if (schema === undefined || schema.wrong.length === 0) return [];
  const more = schema.wrong.length > most ? `; and ${schema.wrong.length - most} more` : '';
  return [
    `After the downgrade the schema is not what the migrations make: ${schema.wrong.slice(0, most).join('; ')}${more}`,
  ];
}

/** One that goes with its table is no news; one that stays and is set otherwise may give a number twice. */
function sequences(before: DatabaseState, after: DatabaseState): string[] {
  return Object.entries(before.sequences).flatMap(([name, was]) => {
    const is = after.sequences[name];
    return is === undefined || is === was ? [] : [`Sets sequence ${name} from ${was} to ${is}`];
  });
}
