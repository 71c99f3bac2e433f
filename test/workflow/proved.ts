import { readPrivateKey } from '../../src/identity/keys.ts';
import { sign } from '../../src/identity/statement.ts';
import type { MessageName } from '../../src/domain/approval/messages.ts';
import type { Statement } from '../../src/domain/approval/statement.ts';
import type { Play } from './play.ts';
import type { Theatre } from './theatre.ts';

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

/** Says what the theatre's gateway would say for a proved person. */
export class Proved {
  constructor(
    private readonly stage: Theatre,
    private readonly play: Play,
  ) {}

  /** The message with its proof; `claims` change what is stated, for forgeries. */
  async message(
    name: MessageName,
    body: Body,
    roles: string[] = [],
    claims: Partial<Statement> = {},
    key = this.stage.keys.privateKey,
  ): Promise<Body & { proof: string }> {
    const { by, plan, ...said } = body;
    const statement = {
      operation: (await this.play.progress()).operation,
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
    const answer = await this.play.handle.executeUpdate<{ message: string }, [object]>(name, {
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
    return this.play.refusal(name, await this.message(name, body, roles, claims, key));
  }
}
