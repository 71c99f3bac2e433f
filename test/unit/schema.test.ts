import { readFile, readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { schemaFile, schemaText } from '../../scripts/schema.ts';

it('the JSON Schema of service definitions is the one that the zod schema gives', async () => {
  expect(await readFile(schemaFile, 'utf8'), 'run `npm run build` and commit services/').toBe(schemaText());
});

it('every definition refers to it, so that editors complete it', async () => {
  for (const file of (await readdir('services')).filter((name) => name.endsWith('.yaml'))) {
    expect(await readFile(`services/${file}`, 'utf8')).toMatch(
      /^# yaml-language-server: \$schema=\.\/service\.schema\.json\n/,
    );
  }
});

it('the schema says what every key is for, and refuses keys that do not exist', () => {
  const schema = JSON.parse(schemaText()) as {
    additionalProperties: boolean;
    required: string[];
    properties: Record<string, { properties?: Record<string, { description?: string }> }>;
  };
  expect(schema.additionalProperties).toBe(false);
  expect(schema.required).toEqual(
    expect.arrayContaining([
      'service',
      'namespace',
      'database',
      'migrations',
      'workloads',
      'backup',
      'escalation',
    ]),
  );
  expect(schema.required).not.toContain('approvals');
  expect(schema.properties['database']?.properties?.['admin']?.description).toMatch(/pg_signal_backend/);
});
