import type { V1EnvVar } from '@kubernetes/client-node';
import type { SecretReference } from '../../domain/definition/secret-reference.ts';
import type { DumpPlace } from '../place.ts';

/**
 * A bucket, by the protocol of Amazon S3. The access key comes from the definition's own Secrets, by reference: no
 * copy of it is made, and none is in the Job. Without one, the identity of the Job's service account counts.
 */
export const bucket: DumpPlace<'s3'> = {
  needs: ({ credentials }) => ({
    claims: [],
    secrets: Object.values(credentials ?? {}).filter((each) => each !== undefined),
  }),
  access: ({ credentials }) => ({
    env: credentials === undefined ? [] : environment(credentials),
    volumes: [],
    mounts: [],
  }),
  // The client of S3 takes time and memory to load, and only a Job needs it.
  open: async (settings) => (await import('./bucket/store.ts')).bucketStore(settings),
};

function environment({
  accessKeyId,
  secretAccessKey,
  sessionToken,
}: {
  accessKeyId: SecretReference;
  secretAccessKey: SecretReference;
  sessionToken?: SecretReference | undefined;
}): V1EnvVar[] {
  return [
    from('AWS_ACCESS_KEY_ID', accessKeyId),
    from('AWS_SECRET_ACCESS_KEY', secretAccessKey),
    ...(sessionToken === undefined ? [] : [from('AWS_SESSION_TOKEN', sessionToken)]),
    // The log of a Job is read by people at night.
    { name: 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', value: 'true' },
  ];
}

const from = (name: string, { secret, key }: SecretReference): V1EnvVar => ({
  name,
  valueFrom: { secretKeyRef: { name: secret, key } },
});
