import { defineWorkflowOptions } from '@temporalio/workflow';
import { emergencyRestore } from './emergency-restore.ts';
import { kept, removeKept } from './artifacts.ts';
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
defineWorkflowOptions(kept, { staticOptions: { typeInfo: undecoded } });
defineWorkflowOptions(removeKept, { staticOptions: { typeInfo: undecoded } });

export { emergencyRestore, kept, plan, pointInTimeRestore, rehearse, removeKept, rollback };
