import { describe, expect, test } from 'vitest';
import { applicationFailure } from '../../src/activities/activity-function.ts';
import { redact, truncate } from '../../src/domain/redact.ts';
import { libpqEnvironment } from '../../src/postgres/url.ts';
import { Failure, failures } from '../../src/domain/failures.ts';

const word = 'hidden-w0rd';

describe('law 9: no secret leaves an activity', () => {
  test.each([
    `connection to postgresql://app:${word}@db.example:5432/app refused`,
    `postgresql+psycopg://app:${word}@10.0.0.1/app`,
    `connection to postgresql://app:p@${word}@db/app refused`,
    `connection to postgresql://app:p@s/s'${word}@10.0.0.1:5432/app refused`,
    `postgresql://o'hara:p@${word}@db/app`,
    `https://app:p@${word}@example.com/x?y=1`,
    `host=db password='p ${word}' user=app`,
    `{"password":"p'\\"${word}"}`,
    `could not connect: host=db user=app password=${word} dbname=app`,
    `PGPASSWORD=${word} pg_dump app`,
    `{"password": "${word}"}`,
    `token: '${word}'`,
    `api_key=${word}`,
    `posted to https://hooks.slack.com/services/T000/B000/${word}`,
  ])('%s', (text) => {
    expect(redact(text)).not.toContain(word);
    expect(redact(text)).toContain('***');
  });

  test.each([
    'no such table: passwords',
    'https://example.com/a@b',
    'the token of law 9',
    'user app at db:5432',
  ])('what is no secret stays: %s', (text) => expect(redact(text)).toBe(text));

  test.each([`p@${word}`, `${word}@`, `a/${word}`, `'${word}"`, `:${word}?#`])(
    'whatever a URL that is accepted has for a password: %s',
    (password) => {
      const url = `postgresql+psycopg://app:${password}@db:5432/app`;
      expect(libpqEnvironment(url)).toMatchObject({ PGPASSWORD: password, PGHOST: 'db' });
      expect(redact(`could not connect to ${url}: refused`)).toBe(
        'could not connect to postgresql+psycopg://***@db:5432/app: refused',
      );
    },
  );

  test('a password that could not be found in text is not accepted', () => {
    expect(() => libpqEnvironment(`postgresql://app:p ${word}@db/app`)).toThrow(TypeError);
  });

  test('what an activity throws is redacted, of the closed set, and says the next move', () => {
    const thrown = applicationFailure(new Failure('DatabaseUnreachable', `postgres://a:${word}@db/app`));
    expect(thrown.message).not.toContain(word);
    expect(JSON.stringify(thrown.details)).not.toContain(word);
    expect(thrown).toMatchObject({ type: 'DatabaseUnreachable', nonRetryable: false });
    expect(thrown.details).toMatchObject([{ next: failures.DatabaseUnreachable.next }]);
    expect(applicationFailure(new Error(`password=${word}`))).toMatchObject({
      type: 'Unexpected',
      message: 'password=***',
    });
  });

  test('a long text keeps its beginning and its end', () => {
    const cut = truncate(`cause ${'x'.repeat(10_000)} result`, 200);
    expect(cut.length).toBeLessThanOrEqual(200);
    expect(cut).toMatch(/^cause .* result$/);
  });
});
