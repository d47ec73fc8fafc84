import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { ConsolePage } from '../chromium/console-page.ts';
import { requireChromium } from '../chromium/launch.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

t.setTimeout(200_000);

/** A recorder that is being published to, and its console. */
async function watch(t: Test) {
  const browser = await requireChromium(t);
  if (browser === undefined) return undefined;
  const { url } = await startRecorder(t);
  const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/cam1` });
  t.teardown(() => publisher.stop().catch(() => undefined));
  publisher.start();
  const { page, faults } = await ConsolePage.open(await browser.newContext(), url);
  return { url, publisher, page, faults };
}

/** Plays the newest recording and waits until its picture moves. */
async function play(page: Page): Promise<void> {
  await page.click('.recording-play');
  await page.evaluate(`new Promise((resolve) => {
    document.getElementById('player-video').requestVideoFrameCallback(resolve);
  }).then(() => undefined)`);
}

t.test('the clock goes on by itself when a recording ends while it is watched', async (t) => {
  const watched = await watch(t);
  if (watched === undefined) return;
  const { page, publisher, faults } = watched;
  await play(page);
  await page.waitForSelector('#player-live:visible');
  // What the clock ever said, of which nothing may lie outside the recording.
  await page.evaluate(`{
    const clock = document.getElementById('player-clock');
    globalThis.said = [];
    new MutationObserver(() => said.push(clock.dateTime)).observe(clock, { attributes: true });
  }`);
  const startedMs = publisher.sent.firstFrameAtUs / 1000;
  await publisher.stop();
  await until('the end', () => page.evaluate('document.getElementById("player-video").ended'));
  const said = (await page.evaluate('said')) as string[];
  const times = said.filter((text) => text !== '').map((text) => Date.parse(text) - startedMs);
  t.ok(times.length > 0);
  t.ok(Math.min(...times) > -2000, `not before the recording: ${Math.min(...times)} ms`);
  const lastMs = publisher.sent.lastFrameAtUs / 1000 - startedMs;
  t.ok(Math.max(...times) < lastMs + 2000, `not after it: ${Math.max(...times)} of ${lastMs} ms`);
  t.ok(times.at(-1)! > lastMs - 2000, 'it was watched to its end');
  t.strictSame(said.toSorted(), said, 'and never went back');
  t.ok(await page.isHidden('#player-live'));
  t.equal(await page.textContent('#player-error'), '');
  t.strictSame(faults, []);
});

t.test('the chosen speed is the one that is played at, of the next recording too', async (t) => {
  const watched = await watch(t);
  if (watched === undefined) return;
  const { page } = watched;
  const speeds = () =>
    page.evaluate(`[
      document.getElementById('player-video').playbackRate,
      Number(document.getElementById('player-rate').value),
    ]`) as Promise<number[]>;
  await play(page);
  await page.selectOption('#player-rate', '0.5');
  t.strictSame(await speeds(), [0.5, 0.5]);
  await page.click('#player-close');
  await play(page);
  t.strictSame(await speeds(), [0.5, 0.5]);
  await page.evaluate('document.getElementById("player-video").playbackRate = 2');
  // The player takes it back where it is waiting for data at that moment.
  await until('both say the same', async () => {
    const [rate, box] = await speeds();
    return rate === box;
  });
});
