import { z } from 'zod';
import { dnsLabel } from '../names.ts';

/** Where a secret value lives. Definitions carry references only; activities resolve them (law 9). */
export const secretReference = z.strictObject({
  secret: dnsLabel.describe('Name of the Kubernetes Secret, in the namespace of the service'),
  key: z.string().min(1).describe('Key within the Secret'),
});
export type SecretReference = z.infer<typeof secretReference>;
