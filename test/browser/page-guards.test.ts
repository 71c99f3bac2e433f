import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { chromiumPossible, desk, phone } from '../chromium.ts';
import { pageHarness, tokenOf } from './page-harness.ts';
import { failingAt, workflowHarness } from '../workflow/harness.ts';

const harness = workflowHarness();
const browsers = describe.skipIf(!(await chromiumPossible()));
const pages = pageHarness(harness);
const atStart = { definition: { approvals: { start: { people: 1 } } } } as const;

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What keeps people from reading or working the page, as axe finds it; contrast included. */
async function fences(page: Page): Promise<string[]> {
  // By the debugger, which no CSP holds back.
  await page.evaluate(axe);
  const found = await page.evaluate<{ id: string; nodes: { html: string }[] }[]>(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }).then(({ violations }) => violations)",
  );
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

/** A browser's session, for requests that no browser would make by itself. */
async function signedIn(who: 'ada' | 'bob' = 'ada'): Promise<string> {
  const answer = await fetch(`${pages.gateway.url}/sign-in`, {
    method: 'POST',
    body: new URLSearchParams({ token: tokenOf(who), back: '/' }),
    headers: { origin: pages.gateway.url },
    redirect: 'manual',
  });
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}

const csrfIn = (markup: string) => /name="csrf" value="([^"]+)"/.exec(markup)?.[1] ?? '';

async function sent(
  service: string,
  verb: string,
  fields: Record<string, string>,
  headers: Record<string, string>,
): Promise<{ status: number; text: string; location: string | null }> {
  const answer = await fetch(`${pages.pathOf(service)}/${verb}`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { origin: pages.gateway.url, ...headers },
    redirect: 'manual',
  });
  return { status: answer.status, text: await answer.text(), location: answer.headers.get('location') };
}

browsers('the page, whoever reads it', () => {
  test('without JavaScript: it is read, a gate is passed, and a hold answered with its word typed', async () => {
    const { run, service } = await pages.start({
      activities: failingAt('verify', [1], 'VerificationFailed'),
    });
    await run.gate('downgrade');
    const page = await pages.visit('ada', service, { javaScriptEnabled: false });
    expect(await page.locator('#plan').innerText()).toContain('add scoring fields');
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByText("Approved: gate 'downgrade' is passed.").waitFor();
    await run.hold('verify');
    await page.reload();
    await page.locator('summary', { hasText: 'Restore' }).click();
    const word = page.getByLabel(/^Type .* to confirm$/).first();
    await word.fill('restore');
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByText(`Nothing was sent: type ${service} to confirm.`).waitFor();
    expect((await run.progress()).hold?.step).toBe('verify');
    await page.locator('summary', { hasText: 'Restore' }).click();
    await word.fill(service);
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByText(/^Decided: restore at hold/).waitFor();
    await run.reject('restore');
    await page.context().close();
  });

  test.each([
    ['on a phone, light', phone, 'light'],
    ['on a phone, dark', phone, 'dark'],
    ['on a desk, light', desk, 'light'],
    ['on a desk, dark', desk, 'dark'],
  ] as const)(
    'nothing keeps people from reading it %s, and it never scrolls sideways',
    async (_, viewport, colorScheme) => {
      const { run, service } = await pages.start({
        activities: failingAt('verify', [1], 'VerificationFailed'),
      });
      await run.gate('downgrade');
      const page = await pages.visit('ada', service, { viewport, colorScheme });
      const isWider = () =>
        page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      await page.getByRole('heading', { name: 'Downgrade the database?' }).waitFor();
      await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })");
      expect(await fences(page)).toEqual([]);
      expect(await isWider()).toBe(0);
      await run.approve('downgrade');
      await page.getByText('VerificationFailed', { exact: true }).waitFor();
      await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })");
      expect(await fences(page)).toEqual([]);
      expect(await isWider()).toBe(0);
      await page.context().close();
      await run.decide('verify', 'abort');
    },
  );

  test('by keyboard alone: the first stop leads past the header, and Enter in a reason sends nothing', async () => {
    const { run, service } = await pages.start();
    await run.gate('downgrade');
    const page = await pages.visit('ada', service);
    await page.locator('#live', { hasText: 'live' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(new URL(page.url()).hash).toBe('#main');
    await page.getByLabel('Reason').first().focus();
    await page.keyboard.type('because');
    await page.keyboard.press('Enter');
    expect(await page.getByLabel('Reason').first().inputValue()).toBe('because\n');
    await page.keyboard.press('Tab');
    expect((await run.progress()).gate?.approvedBy).toEqual([]);
    expect(await page.locator(':focus').innerText()).toBe('Approve');
    await page.keyboard.press('Enter');
    await page.getByText("Approved: gate 'downgrade' is passed.").waitFor();
    await page.context().close();
  });

  test('what others wrote is text, never markup; the CSP lets no inline script run', async () => {
    const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    const { run, service } = await pages.start({ ...atStart, request: { reason: evil, requestedBy: evil } });
    await run.gate('start');
    const page = await pages.visit('ada', service);
    await page.locator('#live', { hasText: 'live' }).waitFor();
    const shown = await page.locator('#now').innerText();
    expect(shown).toContain(`: ${evil}`);
    expect(shown).toContain(`Started by ${evil}`);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).toContain(service);
    const answer = await page.goto(pages.pathOf(service));
    expect(answer?.headers()).toMatchObject({
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
    });
    await page.context().close();
    await run.reject('start');
  });
});

describe('forms that must not count', () => {
  test('of another site, of another session, or without the session’s word', async () => {
    const { run, service } = await pages.start(atStart);
    const { hash } = await run.gate('start');
    const cookie = await signedIn();
    const csrf = csrfIn(await (await fetch(pages.pathOf(service), { headers: { cookie } })).text());
    const fields = { gate: 'start', plan: hash };
    const foreign = await sent(
      service,
      'approve',
      { ...fields, csrf },
      { cookie, origin: 'https://evil.example' },
    );
    expect(foreign.status).toBe(403);
    const wordless = await sent(service, 'approve', fields, { cookie });
    expect(wordless.status).toBe(403);
    const bobs = await signedIn('bob');
    const stolen = await sent(service, 'approve', { ...fields, csrf }, { cookie: bobs });
    expect(stolen).toMatchObject({ status: 403, text: expect.stringContaining('earlier session') as string });
    const nobody = await sent(service, 'approve', { ...fields, csrf }, {});
    expect(nobody).toMatchObject({ status: 303, location: expect.stringMatching(/^\/sign-in/) as string });
    expect((await run.progress()).gate?.approvedBy).toEqual([]);
    const own = await sent(service, 'approve', { ...fields, csrf }, { cookie });
    expect(own).toMatchObject({ status: 303, location: `/rollbacks/${service}` });
    expect((await run.report()).decisions[0]).toMatchObject({ by: 'ada', proof: 'token' });
  });

  test('for a plan of yesterday: 409 and why; pressed twice, the second says that it counted', async () => {
    const { run, service } = await pages.start(atStart);
    const { hash } = await run.gate('start');
    const cookie = await signedIn();
    const csrf = csrfIn(await (await fetch(pages.pathOf(service), { headers: { cookie } })).text());
    const yesterday = await sent(
      service,
      'approve',
      { csrf, gate: 'start', plan: '0'.repeat(12) },
      { cookie },
    );
    expect(yesterday).toMatchObject({
      status: 409,
      text: expect.stringContaining(`this gate is for plan ${hash}`) as string,
    });
    const press = () => sent(service, 'approve', { csrf, gate: 'start', plan: hash }, { cookie });
    const twice = await Promise.all([press(), press()]);
    expect(twice.map(({ status }) => status)).toEqual([303, 303]);
    const approvals = (await run.report()).decisions.filter(({ what }) => what.startsWith('approved'));
    expect(approvals).toHaveLength(1);
  });

  test('with fields missing or too long, oversized, or to a service that nobody defines', async () => {
    const { run, service } = await pages.start(atStart);
    await run.gate('start');
    const cookie = await signedIn();
    const csrf = csrfIn(await (await fetch(pages.pathOf(service), { headers: { cookie } })).text());
    const faulty = await sent(service, 'approve', { csrf, plan: 'x', reason: 'y'.repeat(2_001) }, { cookie });
    expect(faulty.status).toBe(422);
    for (const named of ['gate', 'plan', 'reason']) expect(faulty.text).toContain(`${named}: `);
    expect((await sent(service, 'approve', { csrf, reason: 'z'.repeat(40_000) }, { cookie })).status).toBe(
      413,
    );
    expect((await sent(service, 'explode', { csrf }, { cookie })).status).toBe(404);
    expect((await fetch(pages.pathOf('no-such-service'), { headers: { cookie } })).status).toBe(404);
    expect((await fetch(pages.pathOf('No_Name'), { headers: { cookie } })).status).toBe(404);
    expect((await fetch(`${pages.pathOf(service)}/events`)).status).toBe(401);
    expect((await run.progress()).gate?.approvedBy).toEqual([]);
    await run.reject('start');
  });
});
