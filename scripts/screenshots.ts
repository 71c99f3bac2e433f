import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { up } from '../lab/lab.ts';
import { openUi } from '../test/integration/fixtures/browser.ts';
import { clientOf, runOf } from '../test/integration/fixtures/workflow-run.ts';
import { installed } from '../test/integration/fixtures/installation.ts';

// Pictures of the documentation, taken of a real run: at its gate, which is rejected afterwards.

const images = fileURLToPath(new URL('../docs/images/', import.meta.url));

const lab = await up();
const here = await installed({ name: 'pictures' });
try {
  const asked = ['--reason', '0005 broke /health', '--by', 'ada'];
  const begun = await here.backstep('rollback', 'deeptech-radar', ...asked);
  if (begun.exitCode !== 0) throw new Error(begun.stdout + begun.stderr);
  const rollback = runOf(await clientOf(here));
  await rollback.gate('downgrade');
  try {
    await picturesOfUi();
  } finally {
    await rollback.reject('downgrade');
    await rollback.result();
  }
} finally {
  await here.close();
}

async function picturesOfUi(): Promise<void> {
  const ui = await openUi(lab, here.temporalNamespace, { width: 1440, height: 1640 });
  try {
    await ui.open('backstep-deeptech-radar');
    await ui.page.getByRole('button', { name: 'Collapse Navigation' }).click();
    await ui.details(/Gate downgrade waits/);
    await mkdir(images, { recursive: true });
    await ui.page.screenshot({ path: `${images}temporal-ui.png`, animations: 'disabled' });
    const query = encodeURIComponent("BackstepPhase = 'gate-downgrade'");
    await ui.page.setViewportSize({ width: 1440, height: 420 });
    await ui.page.goto(`${lab.temporal.uiUrl}/namespaces/${here.temporalNamespace}/workflows?query=${query}`);
    await ui.page.getByRole('link', { name: 'backstep-deeptech-radar' }).first().waitFor();
    await ui.page.screenshot({ path: `${images}temporal-ui-list.png`, animations: 'disabled' });
  } finally {
    await ui.close();
  }
}
