import path from 'node:path';
import type { Test } from 'tap';

const made = new WeakSet<Test>();

/**
 * A path in the folder of a test, which is empty at the first call and goes when the test is over. Not
 * for a test that calls `t.testdir` itself.
 */
export function inTestFolder(t: Test, name: string): string {
  if (!made.has(t)) t.testdir({});
  made.add(t);
  return path.join(t.testdirName, name);
}
