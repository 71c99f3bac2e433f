import type { Place } from '../domain/backup.ts';
import { bucketStore } from './store/s3.ts';
import type { Store } from './store/store.ts';
import { volumeStore } from './store/volume.ts';

/** The store of a place: every kind of place is named here, and nowhere else. */
export const storeAt = (place: Place): Store => ('claim' in place ? volumeStore() : bucketStore(place));
