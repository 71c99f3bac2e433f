import { kinds, type Catalog, type Kind } from '../postgres/catalog.ts';
import { short } from './differences.ts';

/** Longest definition that is told in full. */
const most = 120;

/** The kinds as people call them, where the catalog's name would not do. */
const called: Partial<Record<Kind, string>> = { grant: 'grants on', comment: 'comment on' };

/** What a change of schema does, in words: `drops table scores`, `changes column papers.title: … → …`. */
export function changes(before: Catalog, after: Catalog): string[] {
  return kinds.flatMap((kind) => {
    const [were, are] = [before[kind], after[kind]];
    return Object.keys({ ...were, ...are })
      .toSorted()
      .flatMap((name) => {
        const [was, is] = [were[name], are[name]];
        if (was === is || within(kind, name, before, after)) return [];
        const what = `${called[kind] ?? kind} ${name}`;
        if (is === undefined) return [`drops ${what}${kind === 'table' ? '' : ` (${short(was, most)})`}`];
        if (was === undefined) return [`makes ${what}${kind === 'table' ? '' : ` (${short(is, most)})`}`];
        return [`changes ${what}: ${short(was, most)} → ${short(is, most)}`];
      });
  });
}

/** What goes or comes with its table need not be told one by one. */
function within(kind: Kind, name: string, before: Catalog, after: Catalog): boolean {
  if (kind === 'table') return false;
  const changed = (table: string) => before.table[table] === undefined || after.table[table] === undefined;
  const tables = { ...before.table, ...after.table };
  const definition = before[kind][name] ?? after[kind][name] ?? '';
  return Object.keys(tables).some(
    (table) =>
      changed(table) &&
      (name === table ||
        name.startsWith(`${table}.`) ||
        (kind === 'index' && new RegExp(` ON (ONLY )?(\\S+\\.)?${escaped(table)} `).test(definition))),
  );
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
