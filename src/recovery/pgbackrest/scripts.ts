import type { RestoreRequest } from '../provider.ts';
import type { PointInTimeOf } from '../../domain/definition/point-in-time.ts';
import { shellQuote } from '../../domain/text.ts';

type Definition = PointInTimeOf<'pgbackrest'>;

/** Words between which the shell and the far side of an ssh leave everything as it is. */
const call = (...words: string[]) => words.map(shellQuote).join(' ');

const pgbackrest = ({ stanza, config }: Definition, ...words: string[]) =>
  call('pgbackrest', `--stanza=${stanza}`, ...(config === undefined ? [] : [`--config=${config}`]), ...words);

const placesOf = ({ directory }: Definition, { name }: Pick<RestoreRequest, 'name'>) => {
  const data = `${directory}/${name}`;
  return { data, state: `${data}.backstep`, tablespaces: `${data}.tablespaces` };
};

/** Whether the new server runs. */
const running = (definition: Definition, request: RestoreRequest) =>
  `${call(`${definition.binaries}/pg_ctl`, '-D', placesOf(definition, request).data, 'status')} >/dev/null 2>&1`;

/** What is in the repository, as pgBackRest's JSON. */
export const info = (definition: Definition): string => pgbackrest(definition, '--output=json', 'info');

/** `--target` with its zone: without one the server would read it in its own. */
const target = (to: Date) =>
  to
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '+00');

/**
 * The restore itself, which runs by itself on that host. Into a directory of its own, tablespaces too, which
 * would otherwise go to where the running cluster has them. `check` makes the server archive what it has, so
 * that the recovery time lies within the archive. The new cluster does not archive: it would write into the
 * repository of the old one. Run again after a crash it goes on (`--delta`). The lock goes with the processes
 * that hold it, whatever ends them; the server must not inherit it.
 */
function restore(definition: Definition, request: RestoreRequest): string {
  const { data, state, tablespaces } = placesOf(definition, request);
  const { binaries, port, options } = definition;
  const settings = [`port=${port}`, `data_directory=${data}`, 'external_pid_file=', ...options];
  const serverOptions = settings.map((setting) => `-c ${shellQuote(setting)}`).join(' ');
  const restoring = pgbackrest(
    definition,
    `--pg1-path=${data}`,
    `--tablespace-map-all=${tablespaces}`,
    '--type=time',
    `--target=${target(request.to)}`,
    '--target-action=promote',
    '--archive-mode=off',
    '--delta',
    'restore',
  );
  const seconds = String(Math.ceil(request.within / 1_000));
  return `
set -u
cd /
state=${shellQuote(state)}
exec 9>>"$state/lock"
flock -n 9 || exit 0
echo "$(date -u +%FT%TZ) the restore begins, or goes on"
work() {
  if ${running(definition, request)}; then return 0; fi
  if [ ! -e "$state/restored" ]; then
    ${pgbackrest(definition, 'check')} || return 1
    ${call('mkdir', '-p', '-m', '700', data, tablespaces)} || return 1
    ${restoring} || return 1
    touch "$state/restored"
  fi
  ${call(`${binaries}/pg_ctl`, '-D', data, '-w', '-t', seconds, '-l', `${state}/server.log`, '-o', serverOptions, 'start')} 9>&-
}
if work; then echo 0 >"$state/ended.new"; else echo 1 >"$state/ended.new"; fi
mv "$state/ended.new" "$state/ended"
`;
}

/**
 * Begins, unless it runs or has ended well. What is at that place and not of this operation is left alone.
 */
export function begin(definition: Definition, request: RestoreRequest): string {
  const { data, state } = placesOf(definition, request);
  return `
set -eu
umask 077
cd /
state=${shellQuote(state)}
operation=${shellQuote(request.operation)}
mkdir -p ${shellQuote(definition.directory)}
if [ ! -e "$state" ] && [ -e ${shellQuote(data)} ]; then echo "TAKEN ${data}"; exit 0; fi
mkdir -p "$state"
if [ ! -e "$state/operation" ]; then echo "$operation" >"$state/operation"; fi
if [ "$(cat "$state/operation")" != "$operation" ]; then echo "TAKEN $state"; exit 0; fi
if [ "$(cat "$state/ended" 2>/dev/null)" = 0 ] && ${running(definition, request)}; then echo BEGUN; exit 0; fi
if ! flock -n "$state/lock" true; then echo BEGUN; exit 0; fi
rm -f "$state/ended"
cat >"$state/restore.new" <<'BACKSTEP_END'
${restore(definition, request)}
BACKSTEP_END
mv "$state/restore.new" "$state/restore.sh"
setsid sh "$state/restore.sh" </dev/null >>"$state/log" 2>&1 &
echo BEGUN
`;
}

/** `RUNNING <kilobytes>`, `UP`, `RECOVERING`, `FAILED` with the last lines of both logs, or `DIED`. */
export function look(definition: Definition, request: RestoreRequest): string {
  const { data, state } = placesOf(definition, request);
  const control = call(`${definition.binaries}/pg_controldata`, '-D', data);
  return `
cd /
state=${shellQuote(state)}
failed() {
  echo FAILED
  tail -n 8 "$state/log"
  grep -E 'FATAL|ERROR|PANIC' "$state/server.log" 2>/dev/null | tail -n 5
}
case "$(cat "$state/ended" 2>/dev/null)" in
  0)
    if ! ${running(definition, request)}; then failed
    elif LC_ALL=C ${control} 2>/dev/null | grep -q 'cluster state: *in production'; then echo UP
    else echo RECOVERING; fi
    ;;
  1) failed ;;
  *)
    if flock -n "$state/lock" true; then echo DIED; else echo "RUNNING $(du -sk ${shellQuote(data)} 2>/dev/null | cut -f1)"; fi
    ;;
esac
`;
}
