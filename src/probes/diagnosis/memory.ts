import { z } from 'zod';
import { shortHash } from '../../domain/plan/hash.ts';
import type { Sign } from '../../domain/diagnosis.ts';
import { Failure } from '../../domain/failures.ts';
import type { Catalog } from '../../postgres/catalog.ts';
import type { Storage } from '../../storage/storage.ts';

/** How a database looked at one revision when it was looked at first; plans are compared with it later. */
const memory = z.object({
  at: z.string(),
  revision: z.string(),
  objects: z.record(z.string(), z.array(z.string())),
  plans: z.array(
    z.object({
      name: z.string(),
      cost: z.number(),
      scanned: z.array(z.object({ table: z.string(), rows: z.number() })),
      indexes: z.array(z.string()),
    }),
  ),
});
export type Memory = z.infer<typeof memory>;

/** Kinds of objects that are missed when they are gone. */
const kinds = ['table', 'column', 'constraint', 'index'] as const;

/** Whose memory it is. */
export interface DatabaseKey {
  service: string;
  server: string;
  database: string;
}
interface Of extends DatabaseKey {
  revision: string;
}

const directoryOf = ({ service, server, database }: DatabaseKey): string =>
  `seen/${service}/${shortHash([server, database])}`;
const refOf = (of: Of): string => `${directoryOf(of)}/${shortHash(of.revision)}.json`;

/** @returns undefined where it was never looked at, or what is kept cannot be read */
export const recall = (storage: Storage, of: Of): Promise<Memory | undefined> =>
  read(storage, refOf(of), memory);

async function read<T>(storage: Storage, ref: string, shape: z.ZodType<T>): Promise<T | undefined> {
  try {
    const parsed = shape.safeParse(JSON.parse(Buffer.from(await storage.get(ref)).toString()));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof Failure || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Keeps the first look at a revision: a second one would take what is broken for the rule. */
export async function remember(
  storage: Storage,
  of: Of,
  seen: Omit<Memory, 'at' | 'revision'>,
): Promise<void> {
  if ((await recall(storage, of)) !== undefined) return;
  const content: Memory = { at: new Date().toISOString(), revision: of.revision, ...seen };
  await storage.put(refOf(of), JSON.stringify(content));
}

export const objectsOf = (catalog: Catalog): Memory['objects'] =>
  Object.fromEntries(kinds.map((kind) => [kind, Object.keys(catalog[kind])]));

/** What was there at the same revision and is not any more: whoever removed it, no migration did. */
export function signsOfMemory(before: Memory, now: Memory['objects']): Sign[] {
  return kinds.flatMap((kind) => {
    const there = new Set(now[kind]);
    const gone = (before.objects[kind] ?? []).filter((name) => !there.has(name));
    if (gone.length === 0) return [];
    const names = gone.slice(0, 6).join(', ') + (gone.length > 6 ? ` and ${gone.length - 6} more` : '');
    const evidence = `${kind} ${names}: there at ${before.revision} on ${minute(before.at)} UTC, and gone`;
    return [{ symptom: kind === 'index' ? 'index-missing' : 'schema-lost', evidence }];
  });
}

/** How a rehearsal of one downgrade by one image ended last. */
const rehearsal = z.object({
  at: z.string(),
  image: z.string(),
  seconds: z.number().optional(),
  failed: z.string().optional(),
});

interface Move extends DatabaseKey {
  from: string;
  target: string;
}

const rehearsalRef = (of: Move): string =>
  `${directoryOf(of)}/rehearsed-${shortHash([of.from, of.target])}.json`;

/** Keeps how a rehearsal ended; the last one counts. */
export async function rememberRehearsal(
  storage: Storage,
  of: Move,
  ended: { image: string; seconds?: number; failed?: string },
): Promise<void> {
  await storage.put(rehearsalRef(of), JSON.stringify({ at: new Date().toISOString(), ...ended }));
}

/** What the last rehearsal of this very downgrade says, by the image that would do it. */
export async function signsOfRehearsal(storage: Storage, of: Move, image: string): Promise<Sign[]> {
  const last = await read(storage, rehearsalRef(of), rehearsal);
  if (last === undefined || last.image !== image) return [];
  const move = `${of.from} → ${of.target}, rehearsed ${minute(last.at)} UTC,`;
  return last.failed === undefined
    ? [{ symptom: 'rehearsed', evidence: `${move} works on a copy, in ${last.seconds ?? 0} s` }]
    : [{ symptom: 'rehearsal-failed', evidence: `${move} fails on a copy: ${last.failed}` }];
}

const minute = (at: string): string => at.slice(0, 16).replace('T', ' ');
