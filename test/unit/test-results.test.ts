import { expect, test } from 'vitest';
import { counted, program, summary, type Results } from '../../scripts/test-results.ts';

const results: Results = {
  numPassedTests: 2,
  numFailedTests: 0,
  numPendingTests: 3,
  testResults: [
    {
      name: 'a.test.ts',
      assertionResults: [
        { fullName: 'is stable', status: 'passed', failureMessages: [] },
        { fullName: 'is not', status: 'passed', failureMessages: ['Error: too slow'] },
        { fullName: 'is left out', status: 'skipped' },
      ],
    },
  ],
};

test('the last line is what programs read; second tries are counted on the one before', () => {
  expect(summary([counted(results, true), program(true)]).slice(-2)).toEqual([
    'Second tries: 1',
    '3 passed, 0 failed, 3 skipped',
  ]);
  expect(summary([program(true), program(false)]).at(-1)).toBe('1 passed, 1 failed');
});

test('a second try says which test and why it had failed', () => {
  expect(summary([counted(results, true)])[0]).toBe(
    'Passed at the second try: a.test.ts: is not\nError: too slow',
  );
});

test('tests that were not chosen are not skipped; it says how many more there are', () => {
  const lines = summary([counted(results, true, true)], 540);
  expect(lines.at(-1)).toBe('2 passed, 0 failed');
  expect(lines).toContainEqual(expect.stringContaining('540 more tests'));
});

test('a run that ends badly without a failed test, or without results, is a failure', () => {
  expect(counted(results, false)).toMatchObject({ passed: 2, failed: 1 });
  expect(counted(undefined, true)).toMatchObject({ passed: 0, failed: 1 });
});
