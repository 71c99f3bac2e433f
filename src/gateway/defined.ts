import type { Definitions } from '../storage/definitions.ts';
import { Refusal } from './refusal.ts';

/** A misspelled name, or a definition with faults, would make a workflow that can only fail. */
export async function mustBeDefined(definitions: Definitions, service: string): Promise<void> {
  const loaded = await definitions.load(service);
  if ('definition' in loaded) return;
  const faults = loaded.faults.map(({ message }) => message);
  const status = loaded.faults.some(({ type }) => type === 'InvalidRequest') ? 404 : 422;
  throw new Refusal(status, `${faults.join('; ')}.`, 'Nothing was started: correct what is named.', {
    faults,
  });
}
