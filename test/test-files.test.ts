import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const ROOT = join(import.meta.dirname, '..');

/** Functions that start what a quick test must not wait for. */
const SLOW_TO_START = ['requireChromium', 'startVersitygw', 'publishWithPion'];

t.test('tests that start Chromium or programs of others are named *.long.test.ts', async (t) => {
  const quick = globSync('test/**/*.test.ts', { cwd: ROOT }).filter(
    (file) => !file.endsWith('.long.test.ts') && !file.endsWith('/test-files.test.ts'),
  );
  t.ok(quick.length > 100, `${quick.length} quick test files`);
  const slow = quick.filter((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    return SLOW_TO_START.some((name) => text.includes(name));
  });
  t.strictSame(slow, []);
});
