import type { Page } from 'playwright-core';
import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { recordStatus, untilStatus } from '../chromium/recorder-replies.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { tabTo } from './tab-to.ts';
import { WatchPage } from './watch-page.ts';

t.setTimeout(240_000);

const browser = await requireChromium(t);

if (browser !== undefined) {
  const recorder = await startRecorder(t, { autoStreams: [], segmentSeconds: 2 });
  const url = `${recorder.url}/`;
  const row = (stream: string, state: string) => `[data-stream="${stream}"][data-state="${state}"]`;
  const hasPictures = (page: Page) =>
    page.waitForFunction(`document.getElementById('camera-preview').videoWidth > 0`);

  t.test('streams and the camera by keyboard alone', async (t) => {
    const console = await WatchPage.open(browser, url);
    const { page } = console;
    const toggle = (stream: string) => `[data-stream="${stream}"] .stream-toggle:enabled`;
    await page.waitForSelector('#publish-codec option', { state: 'attached' });
    await tabTo(page, '[name=source]');
    await page.keyboard.press('ArrowDown');
    t.ok(await page.isChecked('[name=source][value=camera]'));
    await tabTo(page, '#publish-form [name=stream]');
    await page.keyboard.type('keys');
    await tabTo(page, '[name=size]');
    await page.keyboard.type('640');
    await tabTo(page, '[name=record]');
    await page.keyboard.press('Space');
    await tabTo(page, '#publish-start');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#publish-form[data-state="connected"]');
    await hasPictures(page);
    await page.waitForSelector(row('keys', 'live'));

    await tabTo(page, toggle('keys'), 'Shift+Tab');
    await page.keyboard.press('Space');
    await page.waitForSelector(row('keys', 'recording'));
    t.equal((await recordStatus(recorder.url, 'keys')).recording, true);
    await untilStatus(recorder.url, 'keys', 'pictures of the size that was chosen', ({ tracks }) =>
      tracks.some(({ width, height }) => width === 640 && height === 360),
    );
    await page.waitForSelector('[data-stream="keys"] .recording-play');
    await tabTo(page, toggle('keys'));
    await page.keyboard.press('Enter');
    await page.waitForSelector(row('keys', 'live'));
    t.equal((await recordStatus(recorder.url, 'keys')).recording, false);

    await tabTo(page, '#arm-stream', 'Shift+Tab');
    await page.keyboard.type('later');
    await page.keyboard.press('Enter');
    await page.waitForSelector(row('later', 'waiting'));
    t.equal((await recordStatus(recorder.url, 'later')).state, 'waiting');
    await tabTo(page, '#stream-filter');
    await page.keyboard.type('later');
    await page.waitForSelector('[data-stream="keys"]', { state: 'detached' });
    await tabTo(page, toggle('later'));
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-stream="later"]', { state: 'detached' });
    await untilStatus(recorder.url, 'later', 'not armed', ({ state }) => state === 'idle');
    await page.waitForSelector('text=No stream matches the filter.');
    await tabTo(page, '#stream-filter', 'Shift+Tab');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.press('Delete');
    await page.waitForSelector(row('keys', 'live'));

    await tabTo(page, '#publish-stop');
    await page.keyboard.press('Space');
    await page.waitForSelector(row('keys', 'idle'));
    await tabTo(page, '[data-stream="keys"] .recording-delete', 'Shift+Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open] .dialog-delete:enabled');
    await tabTo(page, '.dialog-delete');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-stream="keys"]', { state: 'detached' });
    t.equal(await page.evaluate('document.activeElement.id'), 'streams-title');
    t.strictSame(console.faults, []);
    await page.context().close();
  });

  t.test('streams, the camera and full screen with fingers, 390 px wide', async (t) => {
    const phone = { width: 390, height: 844, hasTouch: true };
    const console = await WatchPage.open(browser, url, phone);
    const { page } = console;
    const toggle = (stream: string) => `[data-stream="${stream}"] .stream-toggle`;
    const fits = async (what: string) =>
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), 390, what);
    await page.waitForSelector('#publish-codec option', { state: 'attached' });
    await page.tap('[name=source][value=camera]');
    await page.fill('#publish-form [name=stream]', 'fingers');
    await page.selectOption('[name=size]', '640x360');
    await page.tap('[name=record]');
    await page.tap('#publish-start');
    await page.waitForSelector('#publish-form[data-state="connected"]');
    await hasPictures(page);
    await page.waitForSelector('#publish-preview[data-frames-sent]');
    await fits('while it publishes');

    await page.tap(`${row('fingers', 'live')} .stream-toggle`);
    await page.waitForSelector(row('fingers', 'recording'));
    t.equal((await recordStatus(recorder.url, 'fingers')).recording, true);
    await page.waitForSelector('[data-stream="fingers"] .recording-play');
    await fits('while it records');
    await page.fill('#arm-stream', 'later');
    await page.tap('#arm-form button');
    await page.waitForSelector(row('later', 'waiting'));
    await page.fill('#stream-filter', 'waiting');
    await page.waitForSelector('[data-stream="fingers"]', { state: 'detached' });
    await page.tap(toggle('later'));
    await page.waitForSelector('[data-stream="later"]', { state: 'detached' });
    t.equal((await recordStatus(recorder.url, 'later')).state, 'idle');
    await page.fill('#stream-filter', '');

    // The publication goes on while it is watched.
    await page.tap('[data-stream="fingers"] .stream-watch');
    await console.untilPlaying();
    const isFull = () =>
      page.evaluate<boolean>(
        'document.fullscreenElement?.classList.contains("watch-screen") === true',
      );
    await page.tap('#playback-full');
    await console.until('full screen', isFull);
    await page.tap('#playback-toggle');
    await page.waitForSelector('#playback-toggle[aria-label="Play"]');
    t.ok(await isFull(), 'where it can be controlled');
    await page.tap('#playback-full');
    await console.until('no full screen', async () => !(await isFull()));
    await page.tap('nav a[href="./"]');
    t.equal(await page.getAttribute('#publish-form', 'data-state'), 'connected');
    await page.tap(toggle('fingers'));
    await page.waitForSelector(row('fingers', 'live'));
    await page.tap('#publish-stop');
    await page.waitForSelector(row('fingers', 'idle'));
    t.strictSame(console.faults, []);
    await page.context().close();
  });
}
