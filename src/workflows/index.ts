import { defineWorkflowOptions } from '@temporalio/workflow';
import { undecoded } from './payload.ts';
import { plan } from './plan.ts';
import { rollback } from './rollback.ts';

defineWorkflowOptions(rollback, { staticOptions: { typeInfo: undecoded } });
defineWorkflowOptions(plan, { staticOptions: { typeInfo: undecoded } });

export { plan, rollback };
