import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reportHtml } from '../../src/views/report/documents.ts';
import { reportOf } from '../../src/views/report/report.ts';
import { launch } from '../chromium.ts';
import { done, journalOf, straight, subject } from '../example-journal.ts';

const directory = mkdtempSync(join(tmpdir(), 'backstep-report-'));
const file = join(directory, 'report.html');
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
}, 300_000);
afterAll(async () => {
  await browser?.close();
  rmSync(directory, { recursive: true });
});

/** The file in a browser, as a person opens it; everything that the browser complains about or asks for. */
async function opened(width: number, colorScheme: 'light' | 'dark' = 'light') {
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
  const page = await context.newPage();
  const heard: string[] = [];
  page.on('console', (message) => heard.push(message.text()));
  page.on('request', (request) => heard.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  return { page, heard, close: () => context.close() };
}

const widthOf = (page: Page) => page.evaluate<number>('document.documentElement.scrollWidth');

test('the HTML report opens from a file, asks for nothing else, and its CSP refuses nothing of it', async () => {
  writeFileSync(file, reportHtml(reportOf(journalOf(...straight), subject())));
  const { page, heard, close } = await opened(1_000);
  expect(heard).toEqual([pathToFileURL(file).href]);
  expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Rollback of radar: rolled-back');
  expect(await page.getByRole('img', { name: 'Timeline' }).isVisible()).toBe(true);
  const bars = await page.locator('svg g.done rect:last-of-type').all();
  for (const bar of bars) expect((await bar.boundingBox())?.width).toBeGreaterThan(0);
  expect(bars.length).toBeGreaterThan(10);
  await close();
});

test('on a phone nothing is wider than the screen, and no label of the chart lies on another', async () => {
  writeFileSync(file, reportHtml(reportOf(journalOf(...straight), subject())));
  const { page, close } = await opened(360);
  expect(await widthOf(page)).toBeLessThanOrEqual(360);
  const labels = await page.locator('svg > text').all();
  const boxes = await Promise.all(labels.map((label) => label.boundingBox()));
  for (const [index, box] of boxes.entries())
    for (const other of boxes.slice(index + 1))
      if (box && other && Math.abs(box.y - other.y) < 4)
        expect(Math.max(box.x, other.x)).toBeGreaterThanOrEqual(
          Math.min(box.x + box.width, other.x + other.width),
        );
  await close();
});

test('what needs a person is seen first, in the light and in the dark', async () => {
  const frozen = [...done('assess'), ...done('stop-writes')];
  writeFileSync(file, reportHtml(reportOf(journalOf(...frozen), subject())));
  for (const scheme of ['light', 'dark'] as const) {
    const { page, close } = await opened(800, scheme);
    const attention = await page.locator('.attention').boundingBox();
    const chart = await page.locator('svg.timeline').boundingBox();
    expect(attention?.y).toBeLessThan(chart?.y ?? 0);
    const [text, back] = await page.evaluate<string[]>(
      '["color", "backgroundColor"].map((name) => getComputedStyle(document.body)[name])',
    );
    expect(text).not.toBe(back);
    await close();
  }
});
