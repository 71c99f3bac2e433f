import { z } from 'zod';
import { secretReference } from './secret-reference.ts';

const schema = z.strictObject({
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket, 3 to 63 characters')
    .describe('Name of the bucket'),
  prefix: z
    .string()
    .regex(/^[^/](.*[^/])?$/, 'must neither begin nor end with "/"')
    .optional()
    .describe('Begins every key, for instance backstep/production'),
  region: z.string().min(1).default('us-east-1').describe('Its region'),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Address of an S3 server that is not AWS'),
  forcePathStyle: z
    .boolean()
    .default(false)
    .describe('The bucket in the path and not in the host name, as most servers other than AWS need it'),
  credentials: z
    .strictObject({
      accessKeyId: secretReference.describe('AWS_ACCESS_KEY_ID'),
      secretAccessKey: secretReference.describe('AWS_SECRET_ACCESS_KEY'),
      sessionToken: secretReference.optional().describe('AWS_SESSION_TOKEN'),
    })
    .optional()
    .describe("Secrets with the access key; if not given, the service account's own identity is used"),
});

/** Settings of a bucket. The access key is named by its Secrets, and is no part of them. */
export type Bucket = z.infer<typeof schema>;

/** `backup.s3`: dumps lie in a bucket, by the protocol of Amazon S3. */
export const bucket = {
  schema: schema.describe('Bucket for dumps, instead of a claim'),
  name: ({ bucket: name }: Bucket) => `s3://${name}`,
  root: ({ prefix }: Bucket) => prefix,
};
