import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';

/** JSON merge patch: what is named is replaced, null removes, the rest stays. */
export const mergePatch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

/** Strategic merge patch: lists such as containers are merged by the name of their entries. */
export const strategicPatch = setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch);

/** JSON patch: single changes by path, all of them or none. */
export const jsonPatch = setHeaderOptions('Content-Type', PatchStrategy.JsonPatch);
