import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import { Spool } from '../../../src/storage/spool/spool.ts';
import type { SpoolOptions } from '../../../src/storage/spool/spool-options.ts';
import { ManualClock } from '../../sources/manual-clock.ts';
import { FaultyStore } from './faulty-store.ts';

/** A spool with a store that can fail and a clock that stands. */
export interface SpoolFixture {
  root: string;
  store: FaultyStore;
  clock: ManualClock;
  spool: Spool;
  /** Keys told to `onUploaded`. */
  uploaded: string[];
  /** Messages of the log, after their level. */
  logged: string[];
}

/** Commits a file as a recording does, as far as the spool can see. */
export function commit(root: string, key: string, data: string | Buffer = key): void {
  const file = path.join(root, key);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, data);
}

/** Files below a folder, sorted. */
export function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort();
}

/** Opens a spool in a new folder, or in `options.root`; it is closed when the test ends. */
export async function openSpool(
  t: Test,
  options: Partial<SpoolOptions> & { before?(root: string, store: FaultyStore): void } = {},
): Promise<SpoolFixture> {
  const { before, ...settings } = options;
  const root = settings.root ?? t.testdir({});
  const store = (settings.store as FaultyStore | undefined) ?? new FaultyStore();
  const clock = new ManualClock();
  const logged: string[] = [];
  const say = (level: string) => (_: object, message: string) =>
    logged.push(`${level}: ${message}`);
  before?.(root, store);
  const spool = await Spool.open({
    log: { info: say('info'), warn: say('warn'), error: say('error') },
    clock,
    random: () => 1,
    ...settings,
    root,
    store,
  });
  const uploaded: string[] = [];
  spool.onUploaded = (key) => uploaded.push(key);
  t.teardown(async () => {
    for (const put of [...store.pending]) put.succeed();
    store.hold = false;
    await spool.close();
  });
  return { root, store, clock, spool, uploaded, logged };
}

/**
 * Resolves once a condition holds that file system calls bring about.
 * @throws Error when it does not for 20 s
 */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`never: ${condition}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
