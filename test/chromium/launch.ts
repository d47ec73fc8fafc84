import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import type { Test } from 'tap';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
];

/**
 * Launches a Chromium with a profile of its own and a made-up camera, and closes it after the test.
 * The executable is `CHROMIUM_PATH`, else `/usr/bin/chromium`. Where there is none the test is
 * skipped with what to install; under `CI=true` it fails.
 * @param further arguments of its command line
 * @returns the browser, or undefined where the test cannot go on
 */
export async function requireChromium(
  t: Test,
  further: string[] = [],
): Promise<Browser | undefined> {
  const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    const mend = `no Chromium at ${executablePath}: apt-get install chromium`;
    if (process.env.CI === 'true') t.fail(mend);
    else t.pass('Chromium is here', { skip: mend });
    return undefined;
  }
  const browser = await chromium.launch({ executablePath, args: [...ARGUMENTS, ...further] });
  t.teardown(() => browser.close());
  return browser;
}
