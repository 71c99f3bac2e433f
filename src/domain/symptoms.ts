/** What a symptom says of a rollback. */
export type Voice =
  /** Speaks for it. */
  | 'rollback'
  /** Can be mended without it. */
  | 'fix-forward'
  /** A person has to look first. */
  | 'unsure'
  /** Worth knowing; decides nothing. */
  | 'none';

export interface Symptom {
  /** What was seen. */
  seen: string;
  speaks: Voice;
  /** The runbook's line, and where it stands. */
  line: string;
  section: 'When to Rollback' | 'Pre-Rollback Checklist' | 'Scenario 1' | 'Scenario 2' | 'Scenario 3';
  /** Decides before all others: the database is not where a downgrade would help. */
  first?: true;
}

/**
 * The symptoms that `assess` looks for, each once: what it is, what it says of a rollback, and by which line of
 * the runbook. docs/diagnosis.md shows this table.
 */
export const symptoms = {
  'release-ahead': {
    seen: 'The running release needs a revision that the database does not have: the migration did not finish',
    speaks: 'fix-forward',
    line: 'Target database is not up to date',
    section: 'Scenario 1',
    first: true,
  },
  'half-applied': {
    seen: 'A migration failed, and part of what it makes is in the database',
    speaks: 'unsure',
    line: 'Manually inspect database state',
    section: 'Scenario 1',
    first: true,
  },
  'rehearsal-failed': {
    seen: 'The same downgrade, with the same image, failed when it was last rehearsed on a copy',
    speaks: 'unsure',
    line: 'Test rollback in staging first (CRITICAL)',
    section: 'Pre-Rollback Checklist',
    first: true,
  },
  'app-broken': {
    seen: 'No pod of a workload is ready, or its health path does not answer 200',
    speaks: 'rollback',
    line: 'Application completely broken',
    section: 'When to Rollback',
  },
  'constraint-violated': {
    seen: 'Rows violate a constraint that was never validated',
    speaks: 'rollback',
    line: 'Critical data integrity issues',
    section: 'When to Rollback',
  },
  orphans: {
    seen: 'Rows refer to rows that do not exist',
    speaks: 'rollback',
    line: 'Foreign key violations',
    section: 'Scenario 2',
  },
  nulls: {
    seen: 'A column that must not be null is null in some rows',
    speaks: 'rollback',
    line: "Null values where they shouldn't be",
    section: 'Scenario 2',
  },
  duplicates: {
    seen: 'Rows that must be unique occur more than once',
    speaks: 'rollback',
    line: 'Duplicate data',
    section: 'Scenario 2',
  },
  'written-since': {
    seen: 'Rows were written into what the migration made',
    speaks: 'fix-forward',
    line: 'Data has been written that depends on new schema',
    section: 'When to Rollback',
  },
  'index-invalid': {
    seen: 'An index was left invalid or not ready by a build that failed',
    speaks: 'fix-forward',
    line: 'Issue can be fixed with forward migration',
    section: 'When to Rollback',
  },
  blocking: {
    seen: 'A running index build or migration blocks queries',
    speaks: 'fix-forward',
    line: 'Index creation failures blocking queries',
    section: 'When to Rollback',
  },
  'constraint-unvalidated': {
    seen: 'A constraint was never validated; no row violates it',
    speaks: 'fix-forward',
    line: 'Issue can be fixed with forward migration',
    section: 'When to Rollback',
  },
  'index-missing': {
    seen: 'An index that should exist is missing',
    speaks: 'fix-forward',
    line: 'If minor, create forward migration with indexes',
    section: 'Scenario 3',
  },
  'table-scan': {
    seen: 'A query of the definition reads a big table from end to end, and did not before, as far as that is known',
    speaks: 'fix-forward',
    line: 'Table scans where indexes expected',
    section: 'Scenario 3',
  },
  'plan-worse': {
    seen: 'The plan of a query costs at least twice as much as before',
    speaks: 'fix-forward',
    line: 'Only minor performance issues (optimize instead)',
    section: 'When to Rollback',
  },
  'plan-far-worse': {
    seen: 'The plan of a query costs at least a hundred times as much as before',
    speaks: 'unsure',
    line: 'If critical, rollback and add index creation to migration',
    section: 'Scenario 3',
  },
  'app-crashes': {
    seen: 'Some pods of a workload are not ready, others are',
    speaks: 'unsure',
    line: 'Application crashes after migration',
    section: 'When to Rollback',
  },
  'errors-of-schema': {
    seen: 'The logs name a table or column that does not exist',
    speaks: 'unsure',
    line: 'Application crashes after migration',
    section: 'When to Rollback',
  },
  'errors-of-integrity': {
    seen: 'The logs name rows that a constraint refused',
    speaks: 'unsure',
    line: 'Foreign key constraint violations',
    section: 'When to Rollback',
  },
  'migration-failed': {
    seen: 'The logs of a Job or of the application name a migration or transaction that failed',
    speaks: 'unsure',
    line: 'Check error logs to identify which migration failed',
    section: 'Scenario 1',
  },
  'schema-lost': {
    seen: 'Part of the schema is gone that existed at this revision when Backstep looked before',
    speaks: 'unsure',
    line: 'Missing or corrupted data',
    section: 'When to Rollback',
  },
  rehearsed: {
    seen: 'The same downgrade, with the same image, worked when it was rehearsed on a copy',
    speaks: 'none',
    line: 'Rollback tested successfully in staging',
    section: 'When to Rollback',
  },
  'index-building': {
    seen: 'An index is being built; nobody waits for it',
    speaks: 'none',
    line: 'Index creation failures blocking queries',
    section: 'When to Rollback',
  },
  'index-unused': {
    seen: 'A big index was never used since the statistics began',
    speaks: 'none',
    line: 'Check for missing indexes',
    section: 'Scenario 3',
  },
  'scans-many': {
    seen: 'Most rows of a big table are read by table scans',
    speaks: 'none',
    line: 'Table scans where indexes expected',
    section: 'Scenario 3',
  },
  'nothing-made': {
    seen: 'Nothing in the catalog was made by the transaction that wrote the revision: stamped by hand, restored since, a migration of data, or one that commits by itself',
    speaks: 'none',
    line: 'Manually inspect database state',
    section: 'Scenario 1',
  },
  'changed-since': {
    seen: 'The schema was changed after the migration, by hand or by another one',
    speaks: 'none',
    line: 'Manually inspect database state',
    section: 'Scenario 1',
  },
} as const satisfies Record<string, Symptom>;

export type SymptomName = keyof typeof symptoms;
export const symptomNames = Object.keys(symptoms) as SymptomName[];
export const symptom = (name: SymptomName): Symptom => symptoms[name];

const said: Record<Voice, string> = {
  rollback: 'roll back',
  'fix-forward': 'fix forward',
  unsure: 'unsure',
  none: 'decides nothing',
};

/** The table of docs/diagnosis.md, as Markdown. */
export function symptomTable(): string {
  const rows = symptomNames.map((name) => {
    const { seen, speaks, line, section } = symptom(name);
    return `| \`${name}\` | ${seen} | ${said[speaks]} | ${section}: “${line}” |`;
  });
  return ['| symptom | seen | says | runbook |', '|---|---|---|---|', ...rows].join('\n');
}
