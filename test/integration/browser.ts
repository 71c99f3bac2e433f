import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import type { Lab } from '../../lab/lab.ts';
import { carryRequests, chromiumProgram, flags } from '../chromium.ts';

/** What a person fills in at *Start Workflow*. */
export interface StartForm {
  workflowId: string;
  taskQueue: string;
  type: string;
  input: string;
}

type Tab = 'Timeline' | 'Queries' | 'User Metadata' | 'Search Attributes';

/** The Temporal UI in a real browser, worked by its labels as a person would. */
export interface TemporalUi {
  page: Page;
  start(form: StartForm): Promise<void>;
  /** Opens the newest run of a workflow. */
  open(workflowId: string): Promise<void>;
  tab(name: Tab): Promise<void>;
  /** Current details as text, once they contain what is waited for. */
  details(until: RegExp): Promise<string>;
  /** Names and descriptions of the queries offered. */
  queries(): Promise<string[]>;
  query(name: string): Promise<string>;
  searchAttributes(): Promise<Record<string, unknown>>;
  /** Opens *Send a Signal*; names and descriptions of the signals offered. */
  signals(): Promise<string[]>;
  /** Chooses from what `signals` has opened, and sends it. */
  signal(name: string, input: string): Promise<void>;
  /** Waits for the end of the open workflow on its *Timeline*. */
  completed(): Promise<void>;
  close(): Promise<void>;
}

const patience = 60_000;

/** Opens the lab's Temporal UI for one Temporal namespace. */
export async function openUi(
  lab: Lab,
  namespace: string,
  viewport = { width: 1400, height: 900 },
): Promise<TemporalUi> {
  const profile = mkdtempSync(join(tmpdir(), 'backstep-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: await chromiumProgram(),
    args: flags,
    viewport,
  });
  await carryRequests(context, lab.temporal.uiUrl);
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  return {
    ...workedBy(page, `${lab.temporal.uiUrl}/namespaces/${namespace}/workflows`),
    close: async () => {
      await context.unrouteAll({ behavior: 'ignoreErrors' });
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

function workedBy(page: Page, url: string): Omit<TemporalUi, 'close'> {
  const main = page.getByRole('main');
  const dialog = page.getByRole('dialog', { name: 'Send a Signal' });
  const tab = (name: Tab) => page.getByRole('tab', { name }).click();
  const texts = async () => {
    const options = page.getByRole('option');
    await options.first().waitFor();
    return options.allInnerTexts();
  };
  const type = async (where: typeof main, json: string) => {
    await where.getByRole('textbox', { name: 'Data' }).click();
    await page.keyboard.insertText(json);
    // Leaving the field lays it out anew, which would move the button away under a click.
    await where.getByRole('heading', { name: 'Input' }).click();
    await where.locator('.cm-line').nth(2).waitFor();
  };
  return {
    page,
    start: async ({ workflowId, taskQueue, type: workflowType, input }) => {
      await page.goto(`${url}/start-workflow`);
      await main.getByLabel('Workflow ID').fill(workflowId);
      await main.getByLabel('Task Queue').fill(taskQueue);
      await main.getByLabel('Workflow Type').fill(workflowType);
      await main.getByText('Task Queue is Active').waitFor();
      await type(main, input);
      const sent = page.waitForResponse((answer) => answer.request().method() === 'POST');
      await main.getByRole('button', { name: 'Start Workflow' }).click();
      if (!(await sent).ok()) throw new Error(await (await sent).text());
    },
    open: async (workflowId) => {
      await page.goto(`${url}/${workflowId}`);
      await page.getByRole('heading', { name: workflowId }).waitFor();
    },
    tab,
    details: async (until) => {
      await tab('User Metadata');
      const body = page.frameLocator('#user-metadata-current-details').locator('body');
      for (const end = Date.now() + patience; ; await page.waitForTimeout(500)) {
        const text = await body.innerText();
        if (until.test(text)) return text;
        if (Date.now() > end) throw new Error(`the details never said ${String(until)}:\n${text}`);
        await page.keyboard.press('r');
      }
    },
    queries: async () => {
      await tab('Queries');
      await main.getByRole('button', { name: 'plan' }).click();
      const offered = await texts();
      await page.keyboard.press('Escape');
      return offered;
    },
    query: async (name) => {
      await tab('Queries');
      await main.getByRole('button', { name: 'plan' }).click();
      await page.getByRole('option', { name: new RegExp(`^${name}\\b`) }).click();
      await main.getByRole('button', { name: 'Run Query' }).click();
      const result = main.getByRole('textbox', { name: 'Query Result' });
      await result.getByText('{').first().waitFor();
      return result.innerText();
    },
    searchAttributes: async () => {
      // They are shown as they were when the page was loaded.
      await page.reload();
      await tab('Search Attributes');
      const shown = main.locator('.cm-content').filter({ hasText: /BackstepService/ });
      return JSON.parse(await shown.innerText()) as Record<string, unknown>;
    },
    signals: async () => {
      await page.getByRole('button', { name: 'More Actions' }).click();
      await page.getByRole('menuitem', { name: 'Send a Signal' }).click();
      await dialog.getByRole('button', { name: 'Select a signal' }).click();
      return texts();
    },
    signal: async (name, input) => {
      await page.getByRole('option', { name: new RegExp(`^${name}\\b`) }).click();
      await type(dialog, input);
      await dialog.getByRole('button', { name: 'Submit' }).click();
      await dialog.waitFor({ state: 'hidden' });
    },
    completed: async () => {
      await tab('Timeline');
      await page.getByRole('status').getByText('Completed').waitFor({ timeout: 150_000 });
    },
  };
}
