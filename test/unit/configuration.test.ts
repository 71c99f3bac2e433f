import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { configurationFile, configurationText, unexplained } from '../../scripts/configuration.ts';

it('the configuration reference is the one that the schemas give', () => {
  expect(readFileSync(configurationFile, 'utf8'), 'run `npm run build` and commit docs/').toBe(
    configurationText(),
  );
});

it('every key of a service definition is explained', () => {
  expect(unexplained()).toEqual([]);
});

it('tells defaults, choices and what is needed as the schema has them', () => {
  const text = configurationText();
  expect(text).toContain('| `writeOutageBudget` | duration | `2h` |');
  expect(text).toContain('| `onGiveUp` | `put-back`, `stay-stopped` | `put-back` |');
  expect(text).toContain('| `database.url` | `{ secret, key }` | needed |');
  expect(text).toMatch(
    /#### `provider: rds`\n\n.*\n.*\n(?:.*\n)*?\| `pointInTime\.region` \| text \| needed \|/,
  );
  for (const form of ['provider: cloud-sql', 'provider: pgbackrest', 'channel: slack', 'channel: email'])
    expect(text.split(`#### \`${form}\``)).toHaveLength(2);
  expect(text).toMatch(/\| `BACKSTEP_GATEWAY_PORT` \| number, 0 to 65535 \| `8080` \|/);
});
