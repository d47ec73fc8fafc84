/**
 * Runs in the process of each test file before the file itself, by `node-arg` of .taprc: no file begins so
 * shortly before midnight UTC that it would still be running then.
 */
import { isMainThread } from 'node:worker_threads';
import { clearOfMidnight } from './server/midnight.ts';

/** Longer than a file takes by itself on a slow machine, s. */
const LONG_S = 300;
const QUICK_S = 60;
/** What the file may take, which the wait is no part of, ms. */
const TIMEOUT_MS = Number(process.env.TAP_TIMEOUT ?? 120) * 1000;

const [, file = ''] = process.argv;
if (isMainThread && file.endsWith('.test.ts')) {
  await clearOfMidnight(file.endsWith('.long.test.ts') ? LONG_S : QUICK_S, async (ms) => {
    const { default: t } = await import('tap');
    t.setTimeout(ms + TIMEOUT_MS);
    t.comment(`waits ${Math.ceil(ms / 1000)} s, until it is past midnight UTC`);
  });
}
