#!/usr/bin/env node
import { terminal } from './cli/context.ts';
import { run } from './cli/program.ts';

const interrupt = new AbortController();
// Ctrl-C ends the looking-on, never the rollback; a second one ends this process at once.
process.once('SIGINT', () => interrupt.abort());
process.exitCode = await run(process.argv.slice(2), terminal(interrupt.signal));
