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
  const opened = await ConsolePage.open(await browser.newContext(), url);
  return { publisher, opened, page: opened.page, faults: opened.faults };
}

t.test('the clock goes on by itself when a recording ends while it is watched', async (t) => {
  const watched = await watch(t);
  if (watched === undefined) return;
  const { page, opened, publisher, faults } = watched;
  await opened.play('cam1');
  await page.click('#playback-live');
  await page.waitForSelector('#playback-live:disabled');
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
  t.ok(await page.isHidden('.tile .screen-note'));
  t.strictSame(faults, []);
});

t.test('the chosen speed is the one that is played at, of the next recording too', async (t) => {
  const watched = await watch(t);
  if (watched === undefined) return;
  const { page, opened } = watched;
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
