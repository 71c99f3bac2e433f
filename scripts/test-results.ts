/** What vitest's JSON reporter writes, as far as it is read here. */
export interface Results {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: {
    name: string;
    assertionResults: { fullName: string; status: string; failureMessages?: string[] }[];
  }[];
}

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** Tests that failed and passed when they were tried again, each with why it had failed. */
  secondTries: string[];
}

/** A program of its own counts as one test: it passed or it failed. */
export const program = (passed: boolean): Counts => ({
  passed: Number(passed),
  failed: Number(!passed),
  skipped: 0,
  secondTries: [],
});

/**
 * Counts a run of vitest.
 *
 * @param results undefined where the run wrote none
 * @param passed whether vitest says so; a run that ends badly without a failed test, as by a broken set-up, is a failure
 * @param chosen whether tests were chosen by name: then those that were not do not count as skipped
 */
export function counted(results: Results | undefined, passed: boolean, chosen = false): Counts {
  if (results === undefined) return program(false);
  const { numPassedTests, numFailedTests, numPendingTests } = results;
  return {
    passed: numPassedTests,
    failed: !passed && numFailedTests === 0 ? 1 : numFailedTests,
    skipped: chosen ? 0 : numPendingTests,
    secondTries: results.testResults.flatMap(({ name, assertionResults }) =>
      // Vitest shows that a test was tried again, and not why it had failed.
      assertionResults
        .filter(({ status, failureMessages = [] }) => status === 'passed' && failureMessages.length > 0)
        .map(({ fullName, failureMessages = [] }) => [`${name}: ${fullName}`, ...failureMessages].join('\n')),
    ),
  };
}

/**
 * The end of the output. Programs read the last line, `N passed, N failed` and perhaps `, N skipped`, so the second
 * tries stand on the line before it.
 */
export function summary(parts: Counts[], more = 0): string[] {
  const sum = (key: 'passed' | 'failed' | 'skipped') => parts.reduce((total, part) => total + part[key], 0);
  const again = parts.flatMap(({ secondTries }) => secondTries);
  const skipped = sum('skipped');
  return [
    ...again.map((test) => `Passed at the second try: ${test}`),
    ...(more > 0 ? [`\`npm test -- --all\` has ${more} more tests; a table of cases counts as one.`] : []),
    `Second tries: ${again.length}`,
    `${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
  ];
}
