import { spawn } from 'node:child_process';
import { z } from 'zod';
import { Failure } from '../domain/failures.ts';
import type { PointInTimeOf } from '../domain/definition/point-in-time.ts';
import { begin, info, look } from './pgbackrest/scripts.ts';
import type { Provider, ProviderOptions } from './provider.ts';
import { until } from './wait.ts';
import { bytes, utc } from '../domain/text.ts';

const pollEvery = 1_000;
/** Where a host stops answering in the middle of a script; milliseconds. */
const answersWithin = 60_000;

/** What pgBackRest tells of a stanza; there is much more. */
const stanzas = z.array(
  z.object({
    name: z.string(),
    status: z.object({ code: z.number(), message: z.string() }),
    backup: z
      .array(z.object({ timestamp: z.object({ stop: z.number() }), error: z.boolean().nullish() }))
      .default([]),
  }),
);

/**
 * A server of one's own with pgBackRest: restores into a new data directory beside the running cluster, and
 * starts a second server on a port of its own. Backstep runs `sh` on that host, through `run`.
 */
export function pgbackrest(
  definition: PointInTimeOf<'pgbackrest'>,
  { every = pollEvery }: ProviderOptions = {},
): Provider {
  const { stanza, host, port } = definition;
  const notes = [
    'The new cluster does not archive (archive_mode = off): give it a stanza of its own, or it has no backups.',
    `The new cluster was started by pg_ctl: register it as a service, or it stays down after a reboot of ${host}.`,
  ];
  return {
    describe: async (signal) => {
      const said = await shell(definition, info(definition), signal);
      const found = parsed(said).find(({ name }) => name === stanza);
      if (found === undefined || found.status.code !== 0)
        throw new Failure(
          'NotRestorable',
          `Stanza ${stanza} of pgBackRest: ${found?.status.message ?? 'there is none'}.`,
        );
      const ends = found.backup.filter(({ error }) => error !== true).map(({ timestamp }) => timestamp.stop);
      if (ends.length === 0)
        throw new Failure('NotRestorable', `Stanza ${stanza} of pgBackRest holds no backup.`);
      return {
        name: stanza,
        earliest: new Date(Math.min(...ends) * 1_000),
        // What the server has not archived by now, `check` makes it archive before the restore begins.
        latest: new Date(),
        carries: ['everything in the data directory', ...definition.options],
        notes,
      };
    },

    restore: async (request, { signal, onProgress }) => {
      const { name, within } = request;
      const began = async () => {
        const said = (await shell(definition, begin(definition, request), signal)).trim();
        if (said.startsWith('TAKEN'))
          throw new Failure(
            'NotRestorable',
            `${said.slice(6)} exists on ${host}, and is not of operation ${request.operation}.`,
          );
      };
      onProgress(`restores stanza ${stanza} to ${utc(request.to.toISOString())} beside the running cluster`);
      await began();
      await until({ every, within, signal, what: `The new cluster ${name}` }, async () => {
        const [state = '', ...more] = (await shell(definition, look(definition, request), signal))
          .trim()
          .split('\n');
        if (state === 'UP') return state;
        if (state === 'FAILED')
          throw new Failure('NotRestorable', `pgBackRest could not restore: ${more.join('\n')}`);
        if (state === 'DIED') await began();
        const copied = Number(state.split(' ')[1] ?? 0) * 1_024;
        onProgress(
          state === 'RECOVERING' ? 'the new cluster replays its log' : `copied so far: ${bytes(copied)}`,
        );
        return undefined;
      });
      return { name, endpoint: { host, port }, notes };
    },
  };
}

function parsed(said: string): z.infer<typeof stanzas> {
  try {
    return stanzas.parse(JSON.parse(said));
  } catch {
    throw new Failure('ProviderRefused', `pgBackRest answers no JSON: ${said.slice(0, 500)}`);
  }
}

/** `ssh` itself could not get there. */
const sshFailed = 255;

/** Runs a script by `sh`, on this host or through `run`. */
async function shell(
  { run }: PointInTimeOf<'pgbackrest'>,
  script: string,
  signal: AbortSignal,
): Promise<string> {
  const [first, ...others] = run;
  const [program, words] = first === undefined ? ['sh', ['-s']] : [first, [...others, 'sh', '-s']];
  const child = spawn(program, words, {
    stdio: 'pipe',
    signal: AbortSignal.any([signal, AbortSignal.timeout(answersWithin)]),
  });
  let [out, error] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (error = (error + chunk.toString('utf8')).slice(-2_000)));
  // A program that ends before it has read everything closes the pipe.
  child.stdin.on('error', () => {});
  child.stdin.end(script);
  const code = await new Promise<number | Error>((resolve) => {
    child.on('error', resolve);
    child.on('close', (status) => resolve(status ?? -1));
  });
  signal.throwIfAborted();
  if (code === 0) return out;
  const where = run.length === 0 ? 'this host' : run.join(' ');
  if (code instanceof Error && code.name !== 'AbortError')
    throw new Failure('ProviderRefused', `Could not run ${program}: ${code.message}`);
  const said = `Could not run a script through ${where}: ${error.trim() || out.trim() || `status ${String(code)}`}`;
  throw new Failure(
    code === sshFailed || code instanceof Error ? 'ProviderUnreachable' : 'ProviderRefused',
    said,
  );
}
