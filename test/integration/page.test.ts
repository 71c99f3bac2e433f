import { createHmac } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { carryRequests, launch, opened } from '../chromium.ts';
import { clientOf, runOf, start } from './fixtures/workflow-run.ts';
import { revision, workloads } from './fixtures/service-state.ts';
import { installed, small, type Installation } from './fixtures/installation.ts';
import { downgradeDeletesPapers } from './fixtures/variants/index.ts';

const service = 'deeptech-radar';
const token = 'the token of ada, on this lab alone';
const secret = 'a secret between the alerts and the gateway';
/** Pods start, dumps are read in full. */
const patience = 200_000;

async function fire(url: string): Promise<void> {
  const body = JSON.stringify({ fingerprint: 'radar-down-1', labels: { alertname: 'RadarDown' } });
  const at = Math.floor(Date.now() / 1_000);
  const hmac = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
  const answer = await fetch(`${url}/triggers/generic`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', 'x-backstep-signature': `t=${at},v1=${hmac}` },
  });
  expect(answer.ok, await answer.text()).toBe(true);
}

describe('the page of the gateway, on real parts', () => {
  let browser: Browser;
  let here: Installation;

  beforeAll(async () => {
    browser = await launch();
  });
  afterEach(() => here?.close());
  afterAll(() => browser?.close());

  /** Comes by the link of an alert, and signs in on the way. */
  async function come(url: string): Promise<Page> {
    const context = await opened(browser);
    await carryRequests(context, url, /\/events$/);
    const page = await context.newPage();
    page.setDefaultTimeout(patience);
    await page.goto(`${url}/rollbacks/${service}`);
    await page.getByLabel('Your token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: service }).waitFor();
    return page;
  }

  test('from an alert to the finished rollback: two presses on one page', async () => {
    here = await installed({
      name: 'page',
      edit: (definition) => {
        small(definition);
        definition.triggers = [{ source: 'generic', match: { alertname: 'RadarDown' } }];
      },
    });
    const { url } = await here.gateway({ 'ada dba': token }, { generic: secret });
    await fire(url);

    const page = await come(url);
    await page.getByRole('heading', { name: 'Begin this rollback?' }).waitFor();
    const plan = await page.locator('#plan').innerText();
    expect(plan).toContain('0005');
    expect(plan).toContain('def downgrade()');
    expect(await page.locator('#decide').innerText()).toMatch(/Move the database from 0005 back to 0004/);
    expect((await workloads(here)).replicas).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Approve' }).click();

    await page.locator('.outage', { hasText: 'Writes are stopped' }).waitFor();
    await page.getByRole('heading', { name: 'Downgrade the database?' }).waitFor();
    expect(await page.locator('#plan').innerText()).toMatch(/ALTER TABLE papers DROP COLUMN|DROP TABLE/);
    expect(await page.locator('#rehearsal').innerText()).toMatch(/scores\s+saved/);
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.locator('#now', { hasText: 'rolled back' }).waitFor();
    expect(await page.locator('#record').innerText()).toContain('ada');
    expect(await revision(here)).toBe('0004');

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download the incident report' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^deeptech-radar-bs-[0-9a-f]{8}\.html$/);
    const report = await here.backstep('report', service, '--json');
    expect(JSON.parse(report.stdout)).toMatchObject({
      outcome: 'rolled-back',
      decisions: expect.arrayContaining([
        expect.objectContaining({ what: 'approved gate downgrade', by: 'ada', proof: 'token' }),
      ]) as unknown,
    });
    await page.context().close();
  });

  test('a hold is resolved by `restore`, typed to be meant', async () => {
    here = await installed({
      name: 'page-hold',
      install: { images: { new: downgradeDeletesPapers } },
      edit: small,
    });
    const { url } = await here.gateway({ 'ada dba': token });
    const rollback = await start(here);
    await rollback.gate('downgrade');
    const page = await come(url);
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('VerificationFailed', { exact: true }).waitFor();
    expect(await page.locator('#decide').innerText()).toContain('papers');
    await page.locator('summary', { hasText: 'Restore' }).click();
    await page
      .getByLabel(/^Type .* to confirm$/)
      .first()
      .fill(service);
    await page.getByRole('button', { name: 'Restore' }).click();
    await page
      .getByRole('heading', { name: 'Start the release from before on the restored database?' })
      .waitFor();
    await page.getByLabel(/^Type .* to confirm$/).fill(service);
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.locator('#now', { hasText: 'restored' }).waitFor();
    const { outcome } = await runOf(await clientOf(here)).result();
    expect(outcome).toBe('restored');
    expect(await revision(here)).toBe('0005');
    expect((await workloads(here)).replicas).toBeGreaterThan(0);
    await page.context().close();
  });
});
