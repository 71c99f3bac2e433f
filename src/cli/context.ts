import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import pc from 'picocolors';
import { ClientError, connectBackstep } from '../client.ts';
import type { Backstep, ConnectOptions } from '../client.ts';
import { ThroughGateway } from '../client/gateway.ts';
import type { GatewayAccess, Voice } from '../client/gateway.ts';
import type { Exit } from './exit.ts';

export interface Choice {
  name: string;
  value: string;
  description?: string;
}

/** What a command speaks through; tests hand it others. */
export interface CliContext {
  out: (text: string) => void;
  err: (text: string) => void;
  /** Width of the terminal that is drawn on; absent where the output goes elsewhere. */
  columns?: number;
  /** True where a person can be asked. */
  interactive: boolean;
  colours: ReturnType<typeof pc.createColors>;
  /** Who runs the command, as the system knows. */
  person: string;
  services: string;
  /** The gateway that the environment names, and the person's token for it. */
  gateway: Partial<GatewayAccess>;
  connect(options: ConnectOptions): Promise<Backstep>;
  choose(question: string, choices: Choice[], signal?: AbortSignal): Promise<string>;
  /** Aborted at Ctrl-C. */
  interrupted: AbortSignal;
}

export interface GlobalOptions extends ConnectOptions {
  json?: boolean;
  gateway?: string;
  tokenFile?: string;
}

/** The operating system's user; under sudo the one who called it. */
export function systemPerson(variables: NodeJS.ProcessEnv): string {
  const sudo = variables['SUDO_USER'];
  if (sudo) return sudo;
  try {
    return userInfo().username;
  } catch {
    return variables['USER'] ?? 'unknown';
  }
}

export function gatewayIn(variables: NodeJS.ProcessEnv): Partial<GatewayAccess> {
  const { BACKSTEP_GATEWAY_URL: url, BACKSTEP_GATEWAY_TOKEN: token } = variables;
  return { ...(url && { url }), ...(token && { token }) };
}

/** The context of a real terminal. Prompts are loaded only when somebody is asked: they take 0.1 s. */
export function terminal(interrupted: AbortSignal): CliContext {
  const { stdin, stdout, stderr, env } = process;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    ...(stdout.isTTY ? { columns: stdout.columns } : {}),
    interactive: stdin.isTTY && stdout.isTTY,
    colours: pc.createColors(stdout.isTTY && !env['NO_COLOR']),
    person: systemPerson(env),
    services: env['BACKSTEP_SERVICES'] || 'services',
    gateway: gatewayIn(env),
    connect: connectBackstep,
    choose: async (message, choices, signal) => {
      const { select } = await import('@inquirer/prompts');
      return select({ message, choices }, signal === undefined ? {} : { signal });
    },
    interrupted,
  };
}

/**
 * Speaks through the gateway where one is named, by option or environment, so that the person is proved; straight to
 * Temporal otherwise, where names are self-asserted.
 */
export async function withVoice<T>(
  context: CliContext,
  command: Command,
  work: (voice: Voice) => Promise<T>,
): Promise<T> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const url = options.gateway ?? context.gateway.url;
  if (url === undefined) return withBackstep(context, options, work);
  if (command.getOptionValueSource('by') === 'cli') {
    const next = 'Leave --by out: the gateway knows by your token who you are.';
    throw new ClientError('invalid', 'A name counts for nothing at a gateway.', next);
  }
  return work(new ThroughGateway({ url, token: await tokenOf(context, options) }));
}

async function tokenOf({ gateway }: CliContext, { tokenFile }: GlobalOptions): Promise<string> {
  const next = 'Set BACKSTEP_GATEWAY_TOKEN, or name a file that holds it: --token-file.';
  if (tokenFile === undefined) {
    if (gateway.token !== undefined) return gateway.token.trim();
    throw new ClientError('invalid', 'The gateway needs your token.', next);
  }
  try {
    return (await readFile(tokenFile, 'utf8')).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ClientError('invalid', `${tokenFile} cannot be read: ${code}.`, next, { cause: error });
  }
}

/** Connects, works, and closes. `options` are those of the command together with the global ones. */
export async function withBackstep<T>(
  context: CliContext,
  { address, namespace, profile }: GlobalOptions,
  work: (backstep: Backstep) => Promise<T>,
): Promise<T> {
  const backstep = await context.connect({
    ...(address === undefined ? {} : { address }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(profile === undefined ? {} : { profile }),
  });
  try {
    return await work(backstep);
  } finally {
    await backstep.close();
  }
}

/** One command: registers itself on the program; its action answers with the exit status. */
export type Register = (program: Command, context: CliContext, action: ActionOf) => void;

/** Makes a commander action of a function that answers with an exit status. */
export type ActionOf = <A extends unknown[]>(
  work: (...args: A) => Promise<Exit>,
) => (...args: A) => Promise<void>;

export const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;
