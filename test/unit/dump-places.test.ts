import { describe, expect, it } from 'vitest';
import { whereIs } from '../../src/domain/backup.ts';
import { pathIn, placeName, placeNamed, placeOf } from '../../src/domain/definition/dump-place.ts';
import { accessTo, needsOf } from '../../src/dumps/places/index.ts';

const secret = { secret: 'bucket', key: 'ID' };
const s3 = { bucket: 'dumps', prefix: 'a/b', region: 'us-east-1', forcePathStyle: false };
const volume = placeOf({ claim: 'backups' });
const bucket = placeOf({
  s3: { ...s3, credentials: { accessKeyId: secret, secretAccessKey: { ...secret, key: 'SECRET' } } },
});

describe('a place of dumps', () => {
  it('is named in text, and says where a file lies', () => {
    expect([volume, bucket].map(placeName)).toEqual(['volume claim backups', 's3://dumps']);
    expect(whereIs({ file: 'radar/1.dump', store: placeName(volume) })).toBe(
      'radar/1.dump on volume claim backups',
    );
    expect(whereIs({ file: 'a/b/radar/1.dump', store: placeName(bucket) })).toBe(
      's3://dumps/a/b/radar/1.dump',
    );
    expect([volume, bucket].map((place) => pathIn(place, 'radar'))).toEqual(['radar', 'a/b/radar']);
  });

  it('is reached by a claim that is mounted, or by credentials that are named and not copied (law 9)', () => {
    expect(needsOf(volume)).toEqual({ claims: ['backups'], secrets: [] });
    expect(accessTo(volume)).toMatchObject({
      env: [],
      volumes: [{ persistentVolumeClaim: { claimName: 'backups' } }],
      mounts: [{ mountPath: '/backups' }],
    });
    expect(needsOf(bucket)).toEqual({ claims: [], secrets: [secret, { ...secret, key: 'SECRET' }] });
    expect(accessTo(bucket).env[0]).toEqual({
      name: 'AWS_ACCESS_KEY_ID',
      valueFrom: { secretKeyRef: { name: 'bucket', key: 'ID' } },
    });
    expect(accessTo(placeOf({ s3 }))).toEqual({ env: [], volumes: [], mounts: [] });
  });

  it('of a backup counts only where it is the one of the definition: a Job reaches no other', () => {
    expect(placeNamed('s3://dumps', { s3 })).toEqual({ kind: 's3', settings: s3 });
    expect(placeNamed('s3://others', { s3 })).toBeUndefined();
    expect(placeNamed('volume claim backups', { s3 })).toBeUndefined();
  });
});
