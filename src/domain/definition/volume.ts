import { dnsLabel } from '../names.ts';

/** `backup.claim`: dumps lie on a PersistentVolumeClaim in the namespace of the service. */
export const volume = {
  schema: dnsLabel.describe('PersistentVolumeClaim for dumps'),
  name: (claim: string) => `volume claim ${claim}`,
  root: () => undefined,
};
