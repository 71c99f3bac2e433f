import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { up } from '../lab/lab.ts';
import { carryRequests, desk, launch, opened, phone } from '../test/chromium.ts';
import { start } from '../test/integration/fixtures/workflow-run.ts';
import {
  installed,
  small,
  type Installation,
  type InstallationOptions,
} from '../test/integration/fixtures/installation.ts';
import { downgradeDeletesPapers } from '../test/integration/fixtures/variants/index.ts';

// Pictures of the page, taken of a real run: at its gate, while it works, at a hold, and in the end.

const images = fileURLToPath(new URL('../docs/images/', import.meta.url));
const token = 'the token of ada, for pictures';
const service = 'deeptech-radar';

await up();
await mkdir(images, { recursive: true });
const browser = await launch();
try {
  await onScene({}, async (here, url) => {
    const rollback = await start(here, { reason: '0005 broke /health', requestedBy: 'ada' });
    await rollback.gate('start');
    await picture(url, 'page-gate', { viewport: phone, colorScheme: 'light' });
    await rollback.approve('start');
    await rollback.gate('downgrade');
    await picture(url, 'page-desk', { viewport: desk, colorScheme: 'light' });
    await rollback.reject('downgrade');
    await rollback.result();
  });
  await onScene({ images: { new: downgradeDeletesPapers } }, async (here, url) => {
    const rollback = await start(here, { reason: '0005 broke /health', requestedBy: 'ada' });
    await rollback.approve('start');
    await rollback.approve('downgrade');
    await rollback.hold('verify');
    await picture(url, 'page-hold', { viewport: phone, colorScheme: 'dark' });
    await rollback.decide('verify', 'restore');
    await rollback.approve('restore');
    await rollback.result();
  });
} finally {
  await browser.close();
}

/** The runbook's application, broken, with a gateway in front. */
async function onScene(
  install: NonNullable<InstallationOptions['install']>,
  act: (here: Installation, url: string) => Promise<void>,
): Promise<void> {
  const here = await installed({
    name: 'page-pictures',
    install,
    edit: (definition) => {
      small(definition);
      definition.approvals = { ...definition.approvals, start: { people: 1 } };
    },
  });
  try {
    const { url } = await here.gateway({ 'ada dba': token });
    await act(here, url);
  } finally {
    await here.close();
  }
}

/** As somebody sees it who has just come: the upper part, as much as a document can show. */
async function picture(
  url: string,
  name: string,
  options: { viewport: { width: number; height: number }; colorScheme: 'light' | 'dark' },
): Promise<void> {
  const context = await opened(browser, { ...options, deviceScaleFactor: 2 });
  await carryRequests(context, url, /\/events$/);
  const page = await context.newPage();
  await page.goto(`${url}/rollbacks/${service}`);
  await page.getByLabel('Your token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('#live', { hasText: 'live' }).waitFor();
  const { width, height } = options.viewport;
  const tall = width === phone.width ? 1_400 : height;
  await page.setViewportSize({ width, height: tall });
  await page.screenshot({ path: `${images}${name}.png`, animations: 'disabled' });
  await context.close();
}
