import { readPrivateKey } from '../../src/identity/keys.ts';
import { sign } from '../../src/identity/statement.ts';
import type { MessageName } from '../../src/domain/approval/messages.ts';
import type { Statement } from '../../src/domain/approval/statement.ts';
import type { WorkflowRun } from './workflow-run.ts';
import type { WorkflowHarness } from './harness.ts';

/** A person as the gateway proves them. */
export const person = (by: string, ...roles: string[]): Pick<Statement, 'person' | 'roles' | 'method'> => ({
  person: by,
  roles,
  method: 'token',
});

/** A message as JSON, with what the gateway would sign about it. */
export interface Body {
  by: string;
  gate?: string;
  plan?: string;
  hold?: string;
  decision?: string;
  reason?: string;
  breakGlass?: boolean;
}

/** Messages with the proof that the harness's gateway would sign for an authenticated person. */
export class SignedMessages {
  constructor(
    private readonly harness: WorkflowHarness,
    private readonly run: WorkflowRun,
  ) {}

  /** The message with its proof; `claims` change what is stated, for forgeries. */
  async message(
    name: MessageName,
    body: Body,
    roles: string[] = [],
    claims: Partial<Statement> = {},
    key = this.harness.keys.privateKey,
  ): Promise<Body & { proof: string }> {
    const { by, plan, ...said } = body;
    const statement = {
      operation: (await this.run.progress()).operation,
      message: name,
      ...said,
      ...(plan !== undefined && { hash: plan }),
      ...person(by, ...roles),
      at: new Date().toISOString(),
      ...claims,
    } as Statement;
    return { ...body, proof: await sign(statement, await readPrivateKey(key)) };
  }

  async say(name: MessageName, body: Body, roles: string[] = []): Promise<string> {
    const message = await this.message(name, body, roles);
    const answer = await this.run.handle.executeUpdate<{ message: string }, [object]>(name, {
      args: [message],
    });
    return answer.message;
  }

  /** Why it does not count. */
  async refusal(
    name: MessageName,
    body: Body,
    roles: string[] = [],
    claims: Partial<Statement> = {},
    key?: string,
  ): Promise<string> {
    return this.run.refusal(name, await this.message(name, body, roles, claims, key));
  }
}
