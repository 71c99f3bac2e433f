import { createColors } from 'picocolors';
import { expect, inject } from 'vitest';
import type { Choice, Doors } from '../../src/cli/context.ts';
import { run } from '../../src/cli/program.ts';
import { Backstep } from '../../src/client.ts';
import type { GatewayAccess } from '../../src/client/gateway.ts';
import { connectClient } from '../../src/client/connection.ts';
import { workflowIdOf } from '../../src/domain/names.ts';
import { type Theatre } from '../workflow/theatre.ts';

export interface Said {
  status: number;
  out: string;
  err: string;
  /** The questions that the person at the terminal was asked. */
  asked: string[];
}

/**
 * Types commands, as a person or a script would, to a theatre's workers; with `gateway`, in an environment that names
 * one.
 */
export function typist(stage: Theatre, gateway: () => Partial<GatewayAccess> = () => ({})) {
  /** `answers` are what the person at the terminal chooses, in order; without them there is no terminal. */
  const type = async (line: string | string[], answers?: string[]): Promise<Said> => {
    const said = { out: '', err: '' };
    const asked: string[] = [];
    const doors: Doors = {
      out: (text) => void (said.out += text),
      err: (text) => void (said.err += text),
      interactive: answers !== undefined,
      colours: createColors(false),
      person: 'ada',
      services: 'services',
      gateway: gateway(),
      connect: async (options) =>
        new Backstep(await connectClient({ address: inject('temporalAddress'), ...options }), {
          taskQueue: stage.name,
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
    return { status: await run(words, doors), ...said, asked };
  };
  const handleOf = (service: string) => stage.environment.client.workflow.getHandle(workflowIdOf(service));
  const playOf = (service: string) => stage.follow(handleOf(service), service);
  return { type, handleOf, playOf };
}
