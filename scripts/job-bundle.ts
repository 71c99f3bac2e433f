import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bundles what runs in the job image into one file: that image has Node but no node_modules. */
export async function bundleJob(outfile: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('../src/job.ts', import.meta.url))],
    outfile,
    allowOverwrite: true,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    // pg is CommonJS and calls require.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    external: ['pg-native'],
    logLevel: 'warning',
  });
}
