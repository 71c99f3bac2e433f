import type { AlertSource } from '../domain/alert.ts';
import { alertmanager } from './alertmanager.ts';
import { generic } from './generic.ts';
import { grafana } from './grafana.ts';
import { pagerduty } from './pagerduty.ts';
import { standard } from './standard.ts';
import type { Trigger } from './trigger.ts';

export type { Alert, Trigger } from './trigger.ts';

/** Every way in which alerts arrive, by the last word of its path. */
export const triggers = { alertmanager, grafana, pagerduty, standard, generic } satisfies Record<
  AlertSource,
  Trigger
>;
