import type { Place, PlaceKind } from '../../domain/definition/dump-place.ts';
import type { PodAccess } from '../../kubernetes/backstep-job.ts';
import type { DumpPlace, Needs, Store } from '../place.ts';
import { bucket } from './bucket.ts';
import { volume } from './volume.ts';

const places: { [K in PlaceKind]: DumpPlace<K> } = { claim: volume, s3: bucket };

const placeOf = <K extends PlaceKind>({ kind }: Place<K>): DumpPlace<K> => places[kind];

/** Opens the place, in a Job that was given access to it. */
export const storeAt = <K extends PlaceKind>(place: Place<K>): Promise<Store> =>
  placeOf(place).open(place.settings);

/** What the pod of a Job is given so that it reaches the place. */
export const accessTo = <K extends PlaceKind>(place: Place<K>): PodAccess =>
  placeOf(place).access(place.settings);

/** What must be in the namespace of the service so that the place can be used. */
export const needsOf = <K extends PlaceKind>(place: Place<K>): Needs => placeOf(place).needs(place.settings);
