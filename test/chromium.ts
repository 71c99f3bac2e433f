import { chromium, type Browser, type BrowserContext, type BrowserContextOptions } from 'playwright-core';
import { possible, programOf } from './programs.ts';

const programs = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
export const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Whether there is a Chromium or Chrome on this machine, or one could be installed. */
export const chromiumPossible = (): Promise<boolean> => possible(programs);

/** Path of a Chromium or Chrome on this machine; where there is none, Debian's Chromium is installed (30 s). */
export const chromiumProgram = (): Promise<string> => programOf(programs, ['chromium', 'fonts-dejavu-core']);

export async function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: await chromiumProgram(), args: flags });
}

/**
 * Chromium breaks off every request when a network interface comes or goes (ERR_NETWORK_CHANGED), and each
 * pod of the lab has one: so this process carries the requests, and those that leave the machine not at all.
 *
 * @param live what is streamed, and can be carried by the browser alone: it comes again by itself. Redirects then
 *   are the browser's as well, for it shows where it was led
 */
export async function carryRequests(context: BrowserContext, origin: string, live?: RegExp): Promise<void> {
  await context.route('**/*', async (route) => {
    const url = route.request().url();
    if (!url.startsWith(origin)) return route.abort();
    if (live?.test(url)) return route.continue();
    try {
      const response = await route.fetch({ timeout: 0, ...(live && { maxRedirects: 0 }) });
      await route.fulfill({ response });
    } catch {
      // The page has moved on and asks no more.
      await route.abort().catch(() => undefined);
    }
  });
}

/** A phone as people have them, and a desk. */
export const phone = { width: 390, height: 844 } as const;
export const desk = { width: 1280, height: 900 } as const;

export const opened = (browser: Browser, options: BrowserContextOptions = {}): Promise<BrowserContext> =>
  browser.newContext({ viewport: phone, ...options });
