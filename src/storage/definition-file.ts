import { LineCounter, isAlias, isMap, isPair, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import type { z } from 'zod';
import { fault } from '../domain/failures.ts';
import type { Fault } from '../domain/failures.ts';
import { serviceDefinition } from '../domain/definition/service.ts';
import type { ServiceDefinition } from '../domain/definition/service.ts';

/** One YAML file as read. `definition` is there only where there are no faults. */
export interface DefinitionFile {
  definition?: ServiceDefinition;
  faults: Fault[];
  /** Which database it names, as far as it can be read: the same for two files that name the same one. */
  database?: string;
}

/** Far beyond any real definition; a larger file is a mistake, or meant to do harm. */
const longest = 256 * 1024;
const mostAliases = 100;

/**
 * Parses and validates a service definition. Every fault is named with `file:line:column`: syntax, duplicate
 * and unknown keys, missing and wrong values, names given twice.
 */
export function readDefinition(file: string, text: string): DefinitionFile {
  if (text.length > longest)
    return { faults: [fault('InvalidDefinition', `${file}: is longer than 256 KB`)] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults: { at: number; message: string }[] = [...document.errors, ...document.warnings].map(
    (error) => ({
      at: error.pos[0],
      message: error.message,
    }),
  );
  const inOrder = () =>
    faults
      .toSorted((a, b) => a.at - b.at)
      .map(({ at, message }) => {
        const { line, col } = lines.linePos(at);
        return fault('InvalidDefinition', `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}: ${message}`);
      });

  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: mostAliases });
  } catch (error) {
    if (faults.length === 0) faults.push({ at: 0, message: (error as Error).message });
    return { faults: inOrder() };
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    if (faults.length === 0) faults.push({ at: 0, message: 'must be a mapping that begins with `service:`' });
    return { faults: inOrder() };
  }

  const syntaxIsBroken = document.errors.some((error) => error.code !== 'DUPLICATE_KEY');
  const parsed = serviceDefinition.safeParse(value);
  for (const issue of parsed.error?.issues ?? []) {
    for (const found of inDocument(document, issue)) {
      // Behind a syntax error, what seems to be missing may only be unreadable.
      if (!(syntaxIsBroken && found.missing)) faults.push(found);
    }
  }
  faults.push(...givenTwice(document));
  const database = databaseOf(value);
  return {
    ...(parsed.success && faults.length === 0 ? { definition: parsed.data } : {}),
    faults: inOrder(),
    ...(database === undefined ? {} : { database }),
  };
}

interface Found {
  at: number;
  message: string;
  missing: boolean;
}

/** An issue of zod, said at its place in the document; one for each unknown key. */
function inDocument(document: Document, issue: z.core.$ZodIssue): Found[] {
  const place = find(document, issue.path);
  const path = issue.path.map(String).join('.');
  const say = (message: string) => (path === '' ? message : `${path}: ${message}`);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      at: keyOf(place.node, key) ?? place.at,
      message: say(`unknown key "${key}"`),
      missing: false,
    }));
  }
  if (!place.found) return [{ at: place.at, message: say(`is missing${expected(issue)}`), missing: true }];
  return [{ at: place.at, message: say(reasonOf(issue)), missing: false }];
}

const expected = (issue: z.core.$ZodIssue) =>
  issue.code === 'invalid_type' && issue.expected !== 'object' ? ` (${issue.expected})` : '';

function reasonOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_union') return issue.message;
  if (issue.inclusive !== false && issue.options !== undefined)
    return `must be ${issue.options.flatMap((option) => option ?? []).join(' or ')}`;
  const alternatives = issue.errors.map((issues) =>
    issues.map(({ path, message }) => [...path.map(String), message].join(': ')).join(', '),
  );
  return `fits none of its forms: ${alternatives.join('; or ')}`;
}

/** The node at a path, following aliases; where it ends early, the place of the last key that exists. */
function find(document: Document, path: readonly PropertyKey[]): { at: number; found: boolean; node?: Node } {
  let node: Node | null = document.contents;
  let at = node?.range?.[0] ?? 0;
  for (const part of path) {
    node = resolved(document, node);
    const pair = isMap(node) ? node.items.find((item) => isKey(item, part)) : undefined;
    const next = (isSeq(node) ? node.items[Number(part)] : pair?.value) as Node | null | undefined;
    if (pair !== undefined) at = (pair.key as Node).range?.[0] ?? at;
    if (next === undefined || next === null) return { at, found: false };
    node = next;
    at = pair === undefined ? (node.range?.[0] ?? at) : at;
  }
  const end = resolved(document, node);
  return { at, found: true, ...(end === null ? {} : { node: end }) };
}

const resolved = (document: Document, node: Node | null): Node | null =>
  isAlias(node) ? (node.resolve(document) ?? null) : node;

const isKey = (item: unknown, key: PropertyKey): item is Pair =>
  isPair(item) && isScalar(item.key) && String(item.key.value) === String(key);

function keyOf(node: Node | undefined, key: string): number | undefined {
  if (!isMap(node)) return undefined;
  return (node.items.find((item) => isKey(item, key))?.key as Node | undefined)?.range?.[0];
}

/** Deployments, CronJobs and tables that a list names twice: each would be stopped and started twice. */
function givenTwice(document: Document): Found[] {
  const lists = [
    { path: ['workloads'], key: 'deployment' },
    { path: ['cronJobs'], key: 'name' },
    { path: ['database', 'tables'] },
  ];
  return lists.flatMap(({ path, key }) => {
    const list = find(document, path).node;
    const names = isSeq(list)
      ? list.items.map((_, index) => find(document, [...path, index, ...(key === undefined ? [] : [key])]))
      : [];
    const seen = new Set<unknown>();
    return names.flatMap(({ node, at }) => {
      if (!isScalar(node) || !seen.has(node.value)) {
        if (isScalar(node)) seen.add(node.value);
        return [];
      }
      return [{ at, message: `${path.join('.')}: "${String(node.value)}" is named twice`, missing: false }];
    });
  });
}

function databaseOf(value: object): string | undefined {
  const { namespace, database } = value as { namespace?: unknown; database?: { url?: unknown } | null };
  const { secret, key } = (database?.url ?? {}) as { secret?: unknown; key?: unknown };
  const parts = [namespace, secret, key];
  return parts.every((part) => typeof part === 'string') ? parts.join('/') : undefined;
}
