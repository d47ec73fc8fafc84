/**
 * What a test repeats is repeated more often where nobody waits for it: under `CI=true`.
 * @param often under CI
 * @param seldom where a person waits for `npm test`
 */
export function repeat<T>(often: T, seldom: T): T {
  return process.env.CI === 'true' ? often : seldom;
}
