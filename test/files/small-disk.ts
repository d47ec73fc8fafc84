import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Test } from 'tap';

/**
 * Mounts a small file system in memory, to be filled; it is unmounted when the test ends. Where this
 * user may not, the test is skipped with what to do, and fails under `CI=true`.
 * @param size as mount takes it, e.g. `2m`
 * @returns its path; undefined where the test cannot go on
 */
export function smallDisk(t: Test, size: string): string | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), 'small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], {
      stdio: 'ignore',
    });
  } catch {
    rmdirSync(folder);
    const message = 'mounting a tmpfs needs root: sudo npm test';
    if (process.env.CI === 'true') t.fail(message);
    else t.pass('may mount a tmpfs', { skip: message });
    return undefined;
  }
  t.teardown(() => {
    execFileSync('umount', [folder]);
    rmdirSync(folder);
  });
  return folder;
}
