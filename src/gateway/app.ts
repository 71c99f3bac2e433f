import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Logger } from 'pino';
import type { Backstep } from '../client.ts';
import type { AlertSource } from '../runbook/alert.ts';
import type { Definitions } from '../storage/definitions.ts';
import type { Person } from './people/person.ts';
import type { Sessions } from './people/session.ts';
import type { Statements } from './people/statements.ts';

/** What the gateway acts with; tests hand it other means. */
export interface GatewayMeans {
  backstep: Backstep;
  definitions: Definitions;
  /** Secrets of a source, read anew at every request so that they can be replaced; none: it is not set up. */
  secretsOf(source: AlertSource): Promise<string[]>;
  people: People;
  statements: Statements;
  /** How people reach the gateway, without a slash at its end. */
  publicUrl: string;
  /** The Temporal UI, without a slash at its end, where links to it are wanted. */
  temporalUi?: string;
  log: Logger;
  /** Milliseconds since 1970. */
  now(): number;
}

export interface People {
  sessions: Sessions;
  /** Who sends this request, by Bearer token or by session; undefined where nobody is proved. */
  whoIs(context: Context): Promise<Person | undefined>;
  /** Where a browser signs in and comes back from. */
  signInPath(backTo: string): string;
}

export declare function createGateway(means: GatewayMeans): OpenAPIHono;
