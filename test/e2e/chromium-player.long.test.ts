import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { ConsolePage } from '../chromium/console-page.ts';
import { requireChromium } from '../chromium/launch.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

t.setTimeout(200_000);

/** A recorder, its console, and what publishes `cam1`. */
async function watch(t: Test) {
  const browser = await requireChromium(t);
  if (browser === undefined) return undefined;
  const { url } = await startRecorder(t);
  const publish = async () => {
    const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/cam1` });
    t.teardown(() => publisher.stop().catch(() => undefined));
    publisher.start();
    return publisher;
  };
  const opened = await ConsolePage.open(await browser.newContext(), url);
  return { url, publish, opened, page: opened.page, faults: opened.faults };
}

/** Waits until what is live moves in the picture. */
async function untilLive(page: Page): Promise<void> {
  await page.waitForSelector('.tile[data-tile-state="media"]');
  await page.waitForSelector('#playback-live:disabled:text-is("Live")');
  const time = () =>
    page.evaluate('document.querySelector(".tile video").currentTime') as Promise<number>;
  const before = await time();
  await until('a moving picture', async () => (await time()) > before);
}

t.test('live from its first picture on, to its end, and again when it is back', async (t) => {
  const watched = await watch(t);
  if (watched === undefined) return;
  const { page, opened, publish, faults } = watched;
  const publisher = await publish();
  // As soon as there is anything: less is stored than what a player stays behind the live end.
  await opened.play('cam1');
  await untilLive(page);
  // What the clock ever said, of which nothing may lie outside the recording.
  await page.evaluate(`{
    const clock = document.getElementById('playback-clock');
    globalThis.said = [];
    new MutationObserver(() => said.push(clock.dateTime)).observe(clock, { attributes: true });
  }`);
  const startedMs = publisher.sent.firstFrameAtUs / 1000;
  await publisher.stop();
  await page.waitForSelector('#playback-toggle[aria-label="Play"]');
  const said = (await page.evaluate('said')) as string[];
  const times = said.filter((text) => text !== '').map((text) => Date.parse(text) - startedMs);
  t.ok(times.length > 0);
  t.ok(Math.min(...times) > -2000, `not before the recording: ${Math.min(...times)} ms`);
  const lastMs = publisher.sent.lastFrameAtUs / 1000 - startedMs;
  t.ok(Math.max(...times) < lastMs + 2000, `not after it: ${Math.max(...times)} of ${lastMs} ms`);
  t.ok(times.at(-1)! > lastMs - 2000, 'it was watched to its end');
  t.strictSame(said.toSorted(), said, 'and never went back');
  t.ok(await page.isEnabled('#playback-live'), 'it is no longer said to be live');
  t.match(await page.textContent('#playback-awaits'), /Not live at the moment/);
  t.ok(await page.isHidden('.tile .screen-note'), 'its last picture stays');

  const again = await publish();
  await until('the new pictures', async () => {
    return (await opened.clockMs()) > again.sent.firstFrameAtUs / 1000;
  });
  await untilLive(page);
  t.equal(await page.textContent('#playback-awaits'), '');
  await page.keyboard.press('k');
  t.ok(await page.isEnabled('#playback-live'), 'what is paused is no longer live');
  await again.stop();
  t.strictSame(faults, []);
});

t.test('a page that is open before its stream begins shows it by itself', async (t) => {
  const watched = await watch(t);
  if (watched === undefined) return;
  const { url, page, publish, faults } = watched;
  await page.goto(`${url}/?streams=cam1`);
  await page.waitForSelector('#playback-awaits:not(:empty)');
  await publish();
  await untilLive(page);
  await page.keyboard.press('j');
  await page.waitForSelector('#playback-live:enabled');
  await page.click('#playback-live');
  await untilLive(page);
  t.equal(new URL(page.url()).search, '?streams=cam1', 'a link to what is live');
  // A moment that is yet to come is shown with the newest picture.
  await page.goto(`${url}/?streams=cam1&t=${new Date(Date.now() + 60_000).toISOString()}`);
  await page.waitForSelector('.tile[data-tile-state="media"]');
  await until('a picture', () =>
    page.evaluate('document.querySelector(".tile video").readyState >= 2'),
  );
  t.strictSame(faults, []);
});

t.test('the chosen speed is the one that is played at, of the next recording too', async (t) => {
  const watched = await watch(t);
  if (watched === undefined) return;
  const { page, opened, publish } = watched;
  await publish();
  const speeds = () =>
    page.evaluate(`[
      document.querySelector('.tile video').playbackRate,
      Number(document.getElementById('playback-rate').value),
    ]`) as Promise<number[]>;
  await opened.play('cam1');
  await page.selectOption('#playback-rate', '0.5');
  t.strictSame(await speeds(), [0.5, 0.5]);
  await page.click('nav a[href="./"]');
  await opened.play('cam1');
  t.strictSame(await speeds(), [0.5, 0.5]);
  await page.evaluate('document.querySelector(".tile video").playbackRate = 2');
  // The player takes it back where it is waiting for data at that moment.
  await until('both say the same', async () => {
    const [rate, box] = await speeds();
    return rate === box;
  });
});
