import type { Test } from 'tap';

/**
 * What a test repeats is repeated more often where nobody waits for it: under `CI=true`.
 * @param often under CI
 * @param seldom where a person waits for `npm test`
 */
export function repeat<T>(often: T, seldom: T): T {
  return process.env.CI === 'true' ? often : seldom;
}

/**
 * Skips a test that takes long and guards what seldom changes, where a person waits for `npm test`.
 * @returns false where the test cannot go on
 */
export function onlyWhereNobodyWaits(t: Test): boolean {
  if (process.env.CI === 'true') return true;
  t.pass('takes long', { skip: 'run with CI=true' });
  return false;
}
