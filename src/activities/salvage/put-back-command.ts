import { backstepJob } from '../../kubernetes/backstep-job.ts';
import type { PutBackArguments } from './put-back-job.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { placeOf } from '../../domain/definition/dump-place.ts';
import { accessTo } from '../../dumps/places/index.ts';
import { shellQuote } from '../../domain/text.ts';

/**
 * The command by which a person puts the salvage back: one pod in Backstep's job image, with the backup volume
 * and the application's own database URL, taken from its Secret; it ends with the status of psql.
 */
export function putBackCommand(
  { operation, service, jobImage }: Plan,
  { file, sha256 }: { file: string; sha256: string },
): string {
  const name = `${operation}-put-back`;
  const place = placeOf(service.backup);
  const args: PutBackArguments = { operation, place, file, sha256, partly: false };
  const { spec } =
    backstepJob({
      name,
      namespace: service.namespace,
      operation,
      step: 'salvage',
      image: jobImage,
      program: 'put-back-salvage',
      arguments: args,
      databaseUrl: service.database.url,
      access: accessTo(place),
      serviceAccount: service.backup.serviceAccount,
      deadlineSeconds: 0,
    }).spec?.template ?? {};
  const overrides = JSON.stringify({ spec });
  return [
    `kubectl --namespace ${service.namespace} run ${name} --image=${jobImage}`,
    `--restart=Never --attach --rm --quiet --overrides=${shellQuote(overrides)}`,
  ].join(' ');
}
