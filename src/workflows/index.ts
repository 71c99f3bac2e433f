import { defineWorkflowOptions } from '@temporalio/workflow';
import { emergencyRestore } from './emergency-restore.ts';
import { artifacts, removeArtifacts } from './artifacts.ts';
import { undecoded } from './engine/payload.ts';
import { plan } from './plan.ts';
import { pointInTimeRestore } from './point-in-time-restore.ts';
import { rehearse } from './rehearse.ts';
import { rollback } from './rollback.ts';

defineWorkflowOptions(rollback, { staticOptions: { typeInfo: undecoded } });
defineWorkflowOptions(emergencyRestore, { staticOptions: { typeInfo: undecoded } });
defineWorkflowOptions(pointInTimeRestore, { staticOptions: { typeInfo: undecoded } });
defineWorkflowOptions(plan, { staticOptions: { typeInfo: undecoded } });

defineWorkflowOptions(rehearse, { staticOptions: { typeInfo: undecoded } });
defineWorkflowOptions(artifacts, { staticOptions: { typeInfo: undecoded } });
defineWorkflowOptions(removeArtifacts, { staticOptions: { typeInfo: undecoded } });

export { emergencyRestore, artifacts, plan, pointInTimeRestore, rehearse, removeArtifacts, rollback };
