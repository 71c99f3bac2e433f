import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { confirm } from '@inquirer/prompts';
import { execa } from 'execa';
import pc from 'picocolors';
import { uninstall } from '../examples/deeptech-radar/install.ts';
import { connectBackstep, type Backstep, type Status } from '../src/client.ts';
import type { ReportedRows } from '../src/views/report/rows.ts';
import { outcomeOf } from '../src/views/facts.ts';
import { duration } from '../src/domain/text.ts';
import { accounts } from './demo/accounts.ts';
import { follow } from './demo/follow.ts';
import { deployBroken } from './deploy-broken.ts';
import { current, down, type Lab } from './lab.ts';
import { removeSite } from './site.ts';
import { upOnTerminal } from './terminal.ts';
import { startWorker } from './worker.ts';

// The whole story on real parts: the runbook's application, its bad migration, and the rollback of it.

const root = new URL('..', import.meta.url).pathname;
const service = 'deeptech-radar';
const { values: flags } = parseArgs({
  options: { yes: { type: 'boolean', default: false }, keep: { type: 'boolean', default: false } },
});
const asks = !flags.yes && process.stdin.isTTY && process.stdout.isTTY;

const began = Date.now();
const say = (text: string) =>
  console.log(`\n${pc.dim(duration(Date.now() - began).padStart(8))}  ${pc.bold(text)}`);

async function main(): Promise<boolean> {
  say('Building Backstep, bringing the lab up');
  const before = await current();
  const [lab] = await Promise.all([
    before ?? upOnTerminal(),
    execa('npm', ['run', 'build', '--silent'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }),
  ]);
  try {
    return await rollBack(lab);
  } finally {
    if (before === undefined) await down();
  }
}

async function rollBack(lab: Lab): Promise<boolean> {
  const { installed, worker } = await deployBroken(lab, {
    service,
    namespace: 'deeptech',
    database: `deeptech_${Date.now().toString(36)}`,
    directory: mkdtempSync(join(tmpdir(), 'backstep-demo-')),
    worker: {
      temporalNamespace: lab.temporal.namespace,
      services: join(root, 'services'),
      reports: join(root, 'reports'),
    },
    startWorker,
    say,
  });
  const backstep = await connectBackstep({
    address: lab.temporal.address,
    namespace: lab.temporal.namespace,
    // Each demonstration has a database of its own, and must not be answered with the one before.
    coolDown: 0,
  });
  try {
    const well = summary(await rescue(lab, backstep), (await backstep.report(service)).rows);
    if (flags.keep) await untilInterrupted(lab);
    return well;
  } finally {
    await backstep.close();
    await worker.stop();
    await uninstall(lab, installed);
    await removeSite(lab, installed.namespace);
  }
}

/** Starts the rollback and stands beside it, as the person who was paged would. */
async function rescue(lab: Lab, backstep: Backstep): Promise<Status> {
  const started = await backstep.start({
    service,
    reason: 'migration 0005 broke /health',
    requestedBy: 'demo',
    trigger: `demo-${began}`,
  });
  if (started.already) throw new Error(`Nothing was started: ${started.already.why}.`);
  say(
    `Rolling back: ${lab.temporal.uiUrl}/namespaces/${lab.temporal.namespace}/workflows/${started.workflowId}`,
  );
  return follow(backstep, service, async (gate) => {
    for (const line of gate.shows) console.log(`            ${line}`);
    const question = `Gate ${gate.gate}: approve plan ${gate.hash}?`;
    const approved = asks ? await confirm({ message: question, default: true }) : true;
    if (!asks) console.log(`            ${question} ${pc.green('Approved')} (nobody to ask)`);
    const message = { gate: gate.gate, plan: gate.hash, by: asks ? 'you' : 'demo' };
    await (approved ? backstep.approve(service, message) : backstep.reject(service, message));
  });
}

/** What happened, on one screen. False where rows are missing without a reason, or it did not end well. */
function summary(status: Status, rows: ReportedRows[]): boolean {
  const { progress } = status;
  const result = status.end !== undefined && 'result' in status.end ? status.end.result : undefined;
  if (progress === undefined || result === undefined || !('outcome' in result)) {
    console.log(pc.red(`The rollback ended ${status.state}: ${JSON.stringify(status.end)}`));
    return false;
  }
  const { lines, accounted } = accounts(rows);
  say(`${result.outcome}: ${outcomeOf(result).sentence}`);
  console.log(`\n  Revision   ${result.from} -> ${result.to}\n\n${lines}\n`);
  console.log(
    `  Report     ${result.report?.markdown ?? pc.red('none')}\n             ${result.report?.json ?? ''}\n             ${result.report?.html ?? ''}\n`,
  );
  const asked = asks && result.outcome === 'put-back';
  return asked || (result.outcome === 'rolled-back' && accounted && result.report !== undefined);
}

/** Leaves everything as it is, for a look around. */
async function untilInterrupted(lab: Lab): Promise<void> {
  console.log(
    `Everything is still up: Temporal UI ${lab.temporal.uiUrl}, cluster KUBECONFIG=${lab.kubernetes.kubeconfig} ${lab.kubernetes.kubectl}`,
  );
  console.log('Ctrl-C takes it down.');
  const alive = setInterval(() => {}, 60_000);
  await once(process, 'SIGINT');
  clearInterval(alive);
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(pc.red(error instanceof Error ? error.message : String(error)));
  process.exitCode = 1;
}
