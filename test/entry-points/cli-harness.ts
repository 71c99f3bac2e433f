import { createColors } from 'picocolors';
import { expect, inject } from 'vitest';
import type { Choice, CliContext } from '../../src/cli/context.ts';
import { run } from '../../src/cli/program.ts';
import { Backstep } from '../../src/client.ts';
import type { GatewayAccess } from '../../src/client/gateway.ts';
import { connectClient } from '../../src/client/connection.ts';
import { workflowIdOf } from '../../src/domain/names.ts';
import { type WorkflowHarness } from '../workflow/harness.ts';

export interface Said {
  status: number;
  out: string;
  err: string;
  /** The questions that the person at the terminal was asked. */
  asked: string[];
}

/** Runs the command line against a harness's workers; with `gateway`, in an environment that names one. */
export function cliHarness(harness: WorkflowHarness, gateway: () => Partial<GatewayAccess> = () => ({})) {
  /** `answers` are what the person at the terminal chooses, in order; without them there is no terminal. */
  const cli = async (line: string | string[], answers?: string[]): Promise<Said> => {
    const said = { out: '', err: '' };
    const asked: string[] = [];
    const context: CliContext = {
      out: (text) => void (said.out += text),
      err: (text) => void (said.err += text),
      interactive: answers !== undefined,
      colours: createColors(false),
      person: 'ada',
      services: 'services',
      gateway: gateway(),
      connect: async (options) =>
        new Backstep(await connectClient({ address: inject('temporalAddress'), ...options }), {
          taskQueue: harness.name,
        }),
      choose: async (question: string, choices: Choice[]) => {
        asked.push(question);
        const answer = answers?.shift() ?? '';
        expect(choices.map(({ value }) => value)).toContain(answer);
        return answer;
      },
      interrupted: new AbortController().signal,
    };
    const words = typeof line === 'string' ? line.split(' ') : line;
    return { status: await run(words, context), ...said, asked };
  };
  const handleOf = (service: string) => harness.environment.client.workflow.getHandle(workflowIdOf(service));
  const runOf = (service: string) => harness.follow(handleOf(service), service);
  return { cli, handleOf, runOf };
}
