import { withClient, withDatabase, type Client } from '../../postgres/connect.ts';
import { damagedIs, unlessDamaged, type Read } from '../../postgres/damage.ts';
import { isToolTable } from '../../migrations/tool.ts';
import { losesIn, lostIn, type DataDiff, type TableDiff } from '../../domain/data-diff.ts';
import { columnsLost, newest, rowSum, type Sum } from './table.ts';
import { compareRows } from './rows.ts';
import { shapes, type Both, type Shape } from './shape.ts';
import { sayProgress } from '../../kubernetes/job-protocol.ts';

export interface DataDiffArguments {
  operation: string;
  /** Names of the two databases on the server of the admin's connection. */
  now: string;
  restored: string;
  /** Tables of the migration tool, which differ wherever the revisions do. */
  toolTables: readonly string[];
  /** Whether what cannot be read of the database as it is now is told, and the rest compared. */
  mayBeDamaged?: boolean;
}

/** The data diff as the Job counts it. */
export type DataDiffResult = Omit<DataDiff, 'at' | 'evidence'>;

/** Above it, sorting alone would keep the application down for minutes. */
const mostRows = 20_000_000;

/**
 * What one database holds and another does not, table by table and row by row: what is lost when the second takes
 * the place of the first (runbook, Scenario 2: "if data loss is acceptable"). Equal tables are told by a sum over
 * their rows; only those that differ are compared by key.
 */
export async function dataDiff(url: string, wanted: DataDiffArguments): Promise<DataDiffResult> {
  const began = Date.now();
  return inBoth(url, wanted, async (both) => {
    const restored = await shapes(both.restored);
    const seen = await readIn(both, wanted, () => shapes(both.now));
    const now = 'found' in seen ? seen.found : new Map<string, Shape>();
    const keys = [...new Set([...now.keys(), ...restored.keys()])]
      .filter((key) => !isToolTable(wanted.toolTables, key))
      .toSorted();
    const tables: TableDiff[] = [];
    for (const [index, key] of keys.entries()) {
      sayProgress({ doing: `Comparing ${key}`, done: index, of: keys.length });
      const [here, there] = [now.get(key), restored.get(key)];
      const read =
        'damage' in seen ? seen : await readIn(both, wanted, () => tableDiff(both, key, here, there));
      const found = 'found' in read ? read.found : await damaged(both, key, there, read.damage);
      if (found !== undefined) tables.push(found);
    }
    const unreadable = tables.flatMap((table) => (table.unreadable === undefined ? [] : [table.table]));
    return {
      tables: tables.toSorted((a, b) => known(a) - known(b) || lostIn(b) - lostIn(a)),
      equal: keys.length - tables.length,
      lostRows: tables.reduce((sum, table) => sum + lostIn(table), 0),
      loses: tables.some(losesIn),
      ...(unreadable.length > 0 && { unreadable }),
      seconds: (Date.now() - began) / 1_000,
    };
  });
}

/** What nobody can tell the loss of stands first. */
const known = ({ unreadable }: TableDiff): number => (unreadable === undefined ? 1 : 0);

const readIn = async <T>(
  { now, restored }: Both,
  { mayBeDamaged = false }: DataDiffArguments,
  read: () => Promise<T>,
): Promise<Read<T>> => (mayBeDamaged ? unlessDamaged([now, restored], read) : { found: await read() });

/** Of the restored one all is read again: were it the damaged one, it could not take the place of the other. */
async function damaged(
  both: Both,
  table: string,
  restored: Shape | undefined,
  unreadable: string,
): Promise<TableDiff> {
  if (restored === undefined) return { table, unreadable };
  const columns = restored.columns.map(({ name }) => name);
  const there = await rowSum(both.restored, restored, columns).catch(
    damagedIs('RestoreFailed', `Table ${table} of what was restored`),
  );
  return { table, restored: there.rows, unreadable };
}

async function inBoth<T>(
  url: string,
  { operation, now, restored }: DataDiffArguments,
  use: (both: Both) => Promise<T>,
): Promise<T> {
  const snapshot =
    (then: (client: Client) => Promise<T>) =>
    async (client: Client): Promise<T> => {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      // Both sessions must print values alike, whatever the databases' own settings.
      await client.query(
        `SET LOCAL search_path = ''; SET LOCAL DateStyle = 'ISO'; SET LOCAL TimeZone = 'UTC'; SET LOCAL IntervalStyle = 'postgres';
         SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL jit = off`,
      );
      return then(client);
    };
  return withClient(
    withDatabase(url, now),
    { operation },
    snapshot((one) =>
      withClient(
        withDatabase(url, restored),
        { operation },
        snapshot((other) => use({ now: one, restored: other })),
      ),
    ),
  );
}

/** @returns undefined where the two are equal */
async function tableDiff(
  both: Both,
  table: string,
  now: Shape | undefined,
  restored: Shape | undefined,
): Promise<TableDiff | undefined> {
  if (now === undefined || restored === undefined) {
    const { rows } = now
      ? await rowSum(both.now, now, [])
      : await rowSum(both.restored, restored as Shape, []);
    return { table, ...(now ? { now: rows } : { restored: rows }) };
  }
  const common = now.columns.filter(({ name }) => restored.columns.some((other) => other.name === name));
  const names = common.map(({ name }) => name);
  const [here, there] = await Promise.all([
    rowSum(both.now, now, names),
    rowSum(both.restored, restored, names),
  ]);
  const columns = await columnsLost(both.now, now, names);
  const lost = columns.length > 0 ? { columns } : {};
  if (same(here, there)) {
    return columns.length === 0
      ? undefined
      : { table, now: here.rows, restored: there.rows, onlyNow: 0, onlyRestored: 0, changed: 0, ...lost };
  }
  const time = await newest(both, now, common);
  const counted = { table, now: here.rows, restored: there.rows, ...lost, ...(time && { newest: time }) };
  if (Math.max(here.rows, there.rows) > mostRows)
    return { ...counted, notCompared: `more than ${mostRows.toLocaleString('en')}` };
  return { ...counted, ...(await compareRows(both, now, restored, names)) };
}

const same = (one: Sum, other: Sum): boolean => one.rows === other.rows && one.sum === other.sum;
