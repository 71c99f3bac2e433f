// The first thing that runs on a fresh clone, so plain JavaScript without dependencies:
// installs the project's packages where they are missing or old, then runs a TypeScript program with tsx.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';

const [major] = process.versions.node.split('.').map(Number);
if (major < 20) {
  console.error(
    `Backstep needs Node.js 20 or newer; this is ${process.version}. Install a newer one and run this again.`,
  );
  process.exit(1);
}

const root = new URL('..', import.meta.url).pathname;
const installed = `${root}node_modules/.package-lock.json`;
const run = (command, args) => spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status ?? 1;

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(`${root}package-lock.json`).mtimeMs) {
  console.log('Installing packages (about half a minute) …');
  const status = run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (status !== 0) process.exit(status);
}
const [program, ...args] = process.argv.slice(2);
const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], { cwd: root, stdio: 'inherit' });
// The program itself decides what Ctrl-C means to it; the terminal is free again only once it has ended.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (status, signal) => process.exit(status ?? 128 + (signal === 'SIGINT' ? 2 : 15)));
