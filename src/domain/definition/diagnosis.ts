import { z } from 'zod';
import { duration } from '../duration.ts';

const column = z.string().regex(/^([^.]+\.){1,2}[^.]+$/, 'must be table.column, or schema.table.column');
const table = z.string().regex(/^([^.]+\.)?[^.]+$/, 'must be a table, or schema.table');

const forbid = z.strictObject({
  nulls: z.array(column).default([]).describe('Columns that must hold a value in every row'),
  duplicates: z
    .array(
      z.strictObject({
        table: table.describe('A table; without a schema, in public'),
        columns: z.array(z.string().min(1)).min(1).describe('Columns of that table'),
      }),
    )
    .default([])
    .describe('Columns whose values together must be unique; NULL equals nothing'),
  orphans: z
    .array(
      z.strictObject({
        column: column.describe('The column that refers'),
        references: column.describe('The column in which its values must exist'),
      }),
    )
    .default([])
    .describe('Columns whose values must exist in another column, with or without a foreign key'),
});

/** What `assess` looks for to say roll back, fix forward or unsure (runbook, When to Rollback). */
export const diagnosis = z.strictObject({
  within: duration.prefault('20s').describe('Time limit; what was not looked at by then is named'),
  queries: z
    .array(
      z.strictObject({
        name: z.string().min(1).describe('Name of the query'),
        query: z.string().min(1).describe('One SELECT'),
      }),
    )
    .default([])
    .describe('Queries whose plans are compared, before and after; they are never executed'),
  indexes: z
    .array(table)
    .default([])
    .describe('Indexes (index or schema.index) that must exist and be valid at every revision'),
  forbid: forbid.prefault({}).describe('What must not be in the data'),
});

export type Forbidden = z.infer<typeof forbid>;
