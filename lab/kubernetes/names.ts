import { inState } from '../paths.ts';

/** The one node of the lab's cluster. */
export const nodeName = 'backstep-lab';

/** The administrator's kubeconfig: what users of the lab are given. */
export const adminKubeconfig = inState('kubernetes', 'admin.kubeconfig');

/** A part of Kubernetes under the name by which the one program knows which part it is to be. */
export const program = (part: string): string => inState('bin', part);
