import { isToolTable } from '../../migrations/tool.ts';
import { withClient, type Client } from '../../postgres/connect.ts';
import { inSnapshot } from '../../postgres/tables.ts';
import type { Loss } from '../../domain/rehearsal.ts';
import type { Source } from './copy-out.ts';
import { keepsFor, type Keep } from './keeps.ts';
import { relations, sequencesOf, type Relation } from './relations.ts';
import { countOf } from './rows.ts';
import type { Block } from './script.ts';

/** What the snapshot holds of that which would be lost. */
export interface Held {
  blocks: Block[];
  lost: Loss[];
  notes: string[];
}

/** Reads, inside the transaction of the snapshot, what is to be kept; of a table without rows nothing is. */
export async function holdingsOf(
  client: Client,
  copy: Source | undefined,
  { losses, toolTables }: { losses: readonly Loss[]; toolTables: readonly string[] },
): Promise<Held> {
  const live = await relations(client);
  const copied = copy === undefined ? [] : await relationsOf(copy);
  const copyHas = (relation: Relation, columns: readonly string[]) => {
    const same = copied.find(({ schema, name }) => schema === relation.schema && name === relation.name);
    return same !== undefined && columns.every((column) => same.columns.some(({ name }) => name === column));
  };
  const { keeps, lost, notes } = keepsFor(
    losses.filter(({ object }) => !isToolTable(toolTables, object)),
    live,
    copyHas,
  );
  const blocks: Block[] = [];
  for (const keep of keeps) {
    const rows = keep.only === undefined ? await counted(client, keep) : undefined;
    if (rows === 0) continue;
    notes.push(...warnings(keep, copy !== undefined));
    blocks.push({
      ...keep,
      staged: `backstep_${blocks.length + 1}`,
      sequences: await sequencesOf(client, keep.relation, keep.adds ? keep.names : keep.lost),
      ...(rows !== undefined && { rows }),
    });
  }
  return { blocks, lost, notes };
}

const relationsOf = ({ url, operation }: Source): Promise<Relation[]> =>
  withClient(url, { operation }, (client) => inSnapshot(client, () => relations(client)));

async function counted(client: Client, keep: Keep): Promise<number> {
  const { rows } = await client.query<{ count: string }>(countOf(keep));
  return Number(rows[0]?.count);
}

function warnings({ relation, names, key, losses, only }: Keep, hasCopy: boolean): string[] {
  const oids = relation.columns.filter(({ name, isOid }) => isOid && names.includes(name));
  const changes = losses.filter(({ kind }) => kind === 'rows' || kind === 'values');
  return [
    ...oids.map(
      ({ name }) =>
        `${relation.key}.${name}: the numbers are kept, large objects that they may name are not.`,
    ),
    ...(changes.length > 0 && only === undefined
      ? [
          `${relation.key}: all of its rows are kept, since ${hasCopy || key.length === 0 ? 'they have no primary key by which to find the lost ones' : 'there is no rehearsed copy to find the lost ones in'}.`,
        ]
      : []),
  ];
}
