import { describe, expect, test } from 'vitest';
import { chromiumPossible, desk } from '../chromium.ts';
import { findings } from '../example-plan.ts';
import { pageHarness } from './page-harness.ts';
import { Latch, failingAt, workflowHarness } from '../workflow/harness.ts';

const harness = workflowHarness();
const browsers = describe.skipIf(!(await chromiumPossible()));
const pages = pageHarness(harness);
const atStart = { definition: { approvals: { start: { people: 1 } } } } as const;

browsers('the page of a rollback, in a real browser', () => {
  test('from gate start to the end: two presses, everything else comes by itself', async () => {
    const { run, service } = await pages.start(atStart);
    await run.gate('start');
    const page = await pages.visit('ada', service);
    await page.getByText('waits for you at gate start').waitFor();
    const proposed = await page.locator('#decide dl').innerText();
    expect(proposed).toContain('Move the database from 0005 back to 0004');
    await page.locator('#live', { hasText: 'live' }).waitFor();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByText("Approved: gate 'start' is passed.").waitFor();

    // Nobody loads the page again.
    await page.getByRole('heading', { name: 'Downgrade the database?' }).waitFor();
    expect(await page.locator('#rehearsal').innerText()).toMatch(/scores\s+saved\s+Table dropped\s+7/);
    await page.getByLabel('Reason').first().fill('0005 broke /health');
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.locator('#now', { hasText: 'rolled back' }).waitFor();
    expect(await page.title()).toBe(`${service}: rolled back`);
    expect(await page.locator('#steps').innerText()).toContain('Execute the downgrade');
    expect(await page.locator('svg.timeline').count()).toBe(1);

    const { decisions } = await run.report();
    expect(decisions).toMatchObject([
      { by: 'ada', proof: 'token' },
      { by: 'ada', proof: 'token', reason: '0005 broke /health' },
    ]);
    await page.context().close();
  });

  test('a hold is resolved by `restore`, and no dangerous button works before its word is typed', async () => {
    const { run, service } = await pages.start({
      activities: failingAt('verify', [1], 'VerificationFailed'),
    });
    await run.approve('downgrade');
    await run.hold('verify');
    const page = await pages.visit('ada', service);
    await page.getByText('VerificationFailed', { exact: true }).waitFor();
    await page.locator('summary', { hasText: 'Restore' }).click();
    const restore = page.getByRole('button', { name: 'Restore' });
    expect(await restore.isDisabled()).toBe(true);
    await page
      .getByLabel(/^Type .* to confirm$/)
      .first()
      .fill('something else');
    expect(await restore.isDisabled()).toBe(true);
    await page
      .getByLabel(/^Type .* to confirm$/)
      .first()
      .fill(service);
    await restore.click();

    await page
      .getByRole('heading', { name: 'Start the release from before on the restored database?' })
      .waitFor();
    await page.getByLabel(/^Type .* to confirm$/).fill(service);
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.locator('#now', { hasText: 'restored' }).waitFor();
    expect((await run.result()).outcome).toBe('restored');
    await page.context().close();
  });

  test('what somebody is typing stays while news arrive', async () => {
    const { run, service } = await pages.start({ plan: { people: 2 } });
    await run.gate('downgrade');
    const page = await pages.visit('ada', service, { viewport: desk });
    await page.locator('#live', { hasText: 'live' }).waitFor();
    await page.locator('summary', { hasText: 'Reject' }).click();
    const reason = page.getByLabel('Reason').nth(1);
    await reason.fill('the migration is');
    await run.approve('downgrade', 'bob');
    await page.locator('#decide', { hasText: 'approved by bob' }).waitFor();
    expect(await reason.inputValue()).toBe('the migration is');
    await page.keyboard.type(' mended');
    expect(await reason.inputValue()).toBe('the migration is mended');
    await page.getByRole('button', { name: 'Reject' }).click();
    await page.locator('#now', { hasText: 'put back' }).waitFor();
    expect((await run.report()).decisions.at(-1)).toMatchObject({
      by: 'ada',
      reason: 'the migration is mended',
    });
    await page.context().close();
  });

  test('a loss needs two different people, each with the word typed; whoever has approved is told', async () => {
    const lost = { salvaged: [], lost: [{ kind: 'table', object: 'scores', rows: 7 }], notes: [] } as never;
    const { run, service } = await pages.start({ activities: { salvage: () => lost } });
    await run.gate('downgrade');
    const one = await pages.visit('ada', service);
    expect(await one.locator('.dangers').first().innerText()).toContain('table scores (7 rows)');
    await one.getByLabel(/^Type .* to confirm$/).fill(service);
    await one.getByRole('button', { name: 'Approve' }).click();
    await one.getByText('You have approved. Another person is needed.').waitFor();
    expect(await one.getByRole('button', { name: 'Approve' }).count()).toBe(0);
    const other = await pages.visit('bob', service);
    await other.locator('#decide', { hasText: 'approved by ada' }).waitFor();
    await other.getByLabel(/^Type .* to confirm$/).fill(service);
    await other.getByRole('button', { name: 'Approve' }).click();
    await one.locator('#now', { hasText: 'rolled back' }).waitFor();
    await one.context().close();
    await other.context().close();
  });

  test('the glass is broken by whoever may, with a reason; whoever lacks the role is told', async () => {
    const approvals = { downgrade: { people: 2, roles: ['dba'] }, breakGlass: { roles: ['lead'] } };
    const { run, service } = await pages.start({ definition: { approvals }, plan: { people: 2 } });
    await run.gate('downgrade');
    const other = await pages.visit('cy', service);
    await other.getByText('Approving needs one of these roles: dba. Yours: none.').waitFor();
    expect(await other.getByRole('button', { name: 'Approve' }).count()).toBe(0);
    expect(await other.getByText('Break the glass').count()).toBe(0);
    const page = await pages.visit('ada', service);
    await page.locator('summary', { hasText: 'Break the glass' }).click();
    const glass = page.locator('details', { hasText: 'Break the glass' });
    await glass.getByLabel('Reason').fill('nobody else is awake');
    await glass.getByLabel(/^Type .* to confirm$/).fill(service);
    await glass.getByRole('button', { name: 'Pass it alone' }).click();
    await page.locator('#now', { hasText: 'rolled back' }).waitFor();
    expect((await run.report()).attention[0]).toContain('nobody else is awake');
    await page.context().close();
    await other.context().close();
  });

  test('a rollback is started from the page, and what runs shows how long it has taken', async () => {
    const held = new Latch();
    const service = pages.addService({
      activities: {
        'back-up': async () => {
          await held.opened;
          return findings['back-up'];
        },
      },
    });
    const page = await pages.visit('ada', service);
    await page.getByText('never rolled back').waitFor();
    await page.getByLabel(/^Type .* to confirm$/).fill(service);
    await page.getByRole('button', { name: 'Start the rollback' }).click();
    await page.getByRole('heading', { name: /^Now: Back the database up/ }).waitFor();
    await page.getByText('Writes are stopped').waitFor();
    const clock = page.locator('#work [data-since]').first();
    const before = await clock.innerText();
    await expect.poll(() => clock.innerText(), { timeout: 10_000 }).not.toBe(before);
    held.open();
    await page.getByRole('heading', { name: 'Downgrade the database?' }).waitFor();
    expect(await page.locator('a', { hasText: 'Temporal UI' }).getAttribute('href')).toMatch(
      /^http:\/\/127\.0\.0\.1:8233\/namespaces\/default\/workflows\/backstep-.*\/[\w-]+$/,
    );
    await page.context().close();
  });

  test('the list of services leads to the one that waits', async () => {
    const { run, service } = await pages.start(atStart);
    await run.gate('start');
    const page = await pages.visit('cy', service);
    await page.goto(`${pages.gateway.url}/`);
    const line = page.getByRole('link', { name: new RegExp(service) });
    expect(await line.innerText()).toContain('waits for a person at gate start');
    await line.click();
    await page.getByRole('heading', { name: 'Begin this rollback?' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Your token').waitFor();
    await page.goto(pages.pathOf(service));
    await page.getByLabel('Your token').waitFor();
    await page.context().close();
  });
});
