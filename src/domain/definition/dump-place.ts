import type { z } from 'zod';
import { Failure } from '../failures.ts';
import { bucket } from './bucket.ts';
import { volume } from './volume.ts';

/** A kind of place where dumps are kept, as far as a definition and text need it; the rest is a `DumpPlace`. */
interface Kind<Settings> {
  /** The value of its key in `backup`. */
  schema: z.ZodType<Settings>;
  /** Names a place in text, and tells it from others: `volume claim backups`, or an address as `s3://dumps`. */
  name(settings: Settings): string;
  /** Directory there below which Backstep's files lie; undefined: at the top. */
  root(settings: Settings): string | undefined;
}

/** The kinds of places by their keys in `backup`, of which a definition has one. */
const kinds = { claim: volume, s3: bucket };

type Kinds = typeof kinds;
export type PlaceKind = keyof Kinds;
export type PlaceSettings = { [K in PlaceKind]: z.output<Kinds[K]['schema']> };

/** A place where dumps are kept. It holds no secret: what a Job needs besides is named by Secrets. */
export type Place<K extends PlaceKind = PlaceKind> = {
  [P in K]: { kind: P; settings: PlaceSettings[P] };
}[K];

export const placeKinds = Object.keys(kinds) as PlaceKind[];

/** The keys of `backup` that name a place. */
export const placeKeys = Object.fromEntries(
  placeKinds.map((kind) => [kind, kinds[kind].schema.optional()]),
) as { [K in PlaceKind]: z.ZodOptional<Kinds[K]['schema']> };

/** Where a definition keeps new dumps. */
export function placeOf(backup: { [K in PlaceKind]?: PlaceSettings[K] | undefined }): Place {
  const [place] = placeKinds.flatMap((kind) => {
    const settings = backup[kind];
    return settings === undefined ? [] : [{ kind, settings } as Place];
  });
  if (place === undefined) throw new Failure('InvalidDefinition', 'The definition names no place for dumps.');
  return place;
}

function kindOf<K extends PlaceKind>({ kind }: Place<K>): Kind<PlaceSettings[K]> {
  const all: { [P in PlaceKind]: Kind<PlaceSettings[P]> } = kinds;
  return all[kind];
}

/** As `volume claim backups`, or `s3://dumps`. */
export const placeName = <K extends PlaceKind>(place: Place<K>): string => kindOf(place).name(place.settings);

/** The place of that name, where it is the one in which a definition keeps dumps: a Job reaches no other. */
export function placeNamed(name: string, backup: Parameters<typeof placeOf>[0]): Place | undefined {
  const place = placeOf(backup);
  return placeName(place) === name ? place : undefined;
}

/** The path of what lies at `path` below the root of Backstep's files: `production/radar`. */
export const pathIn = <K extends PlaceKind>(place: Place<K>, path: string): string =>
  [kindOf(place).root(place.settings), path].filter(Boolean).join('/');
