import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject } from 'vitest';
import { peopleBy } from '../../src/gateway/people/people.ts';
import { sessionsWith } from '../../src/gateway/people/session.ts';
import { statementsBy } from '../../src/gateway/people/statements.ts';
import { tokensIn } from '../../src/gateway/people/tokens.ts';
import { readPrivateKey } from '../../src/identity/keys.ts';
import { carryRequests, launch, opened } from '../chromium.ts';
import { definitionSource } from '../example-plan.ts';
import { definitionsOf, lazily, served, sessionSecret, type Served } from '../gateway.ts';
import type { WorkflowRun } from '../workflow/workflow-run.ts';
import type { ServiceSetup, WorkflowHarness } from '../workflow/harness.ts';

const roles = { ada: 'dba,lead', bob: 'dba', cy: '-' } as const;
export type Visitor = keyof typeof roles;

export const tokenOf = (visitor: Visitor) => `token of ${visitor}, which nobody else knows`;

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** A workflow harness with a real gateway, people with tokens, and a browser. */
export class PageHarness {
  readonly services: string[] = [];
  /** What a page complained about: refused by the CSP, or thrown by a script. */
  readonly complaints: string[] = [];
  gateway!: Served;
  browser!: Browser;
  readonly #directory = mkdtempSync(join(tmpdir(), 'backstep-pages-'));

  constructor(readonly harness: WorkflowHarness) {}

  async open(): Promise<void> {
    const file = join(this.#directory, 'tokens');
    const lines = Object.entries(roles).map(
      ([name, of]) => `${name} ${of} ${sha256(tokenOf(name as Visitor))}`,
    );
    writeFileSync(file, lines.join('\n'));
    const backstep = await lazily(inject('temporalAddress'), { taskQueue: this.harness.name });
    this.gateway = await served({
      backstep,
      definitions: {
        list: async () => [...this.services],
        load: (service) => definitionsOf([definitionSource(service)]).load(service),
      },
      people: peopleBy(sessionsWith(sessionSecret, false), tokensIn(file)),
      statements: statementsBy(backstep, await readPrivateKey(this.harness.keys.privateKey), Date.now),
      temporalUi: 'http://127.0.0.1:8233',
    });
    this.browser = await launch();
  }

  async close(): Promise<void> {
    await this.browser?.close();
    await this.gateway?.close();
    await this.gateway?.dependencies.backstep.close();
    rmSync(this.#directory, { recursive: true });
  }

  /** A service whose rollback nobody has begun. */
  addService(setup: ServiceSetup = {}): string {
    const service = this.harness.addService(setup);
    this.services.push(service);
    return service;
  }

  async start(setup: ServiceSetup = {}): Promise<{ run: WorkflowRun; service: string }> {
    const service = this.addService(setup);
    const run = await this.harness.startRequest({ service, ...setup.request }, `backstep-${service}`);
    return { run, service };
  }

  pathOf = (service: string) => `${this.gateway.url}/rollbacks/${service}`;

  /** Opens a service's page as somebody who has signed in on the way. */
  async visit(who: Visitor, service: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await opened(this.browser, options);
    await carryRequests(context, this.gateway.url, /\/events$/);
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.on('console', (said) => {
      if (said.type() === 'error' && !said.text().startsWith('Failed to load resource'))
        this.complaints.push(said.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    await page.goto(this.pathOf(service));
    await page.getByLabel('Your token').fill(tokenOf(who));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: service }).waitFor();
    return page;
  }
}

/** Opens for one test file. */
export function pageHarness(harness: WorkflowHarness): PageHarness {
  const pages = new PageHarness(harness);
  // Chromium may have to be installed.
  beforeAll(() => pages.open(), 300_000);
  afterAll(async () => {
    await pages.close();
    expect(pages.complaints).toEqual([]);
  });
  return pages;
}
