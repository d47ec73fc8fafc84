import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { open } from '../export/exported.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { recordedWeek } from './recorded-week.ts';
import { tabTo } from './tab-to.ts';
import { PAGE_ZONE, WatchPage } from './watch-page.ts';

t.setTimeout(240_000);

const browser = await requireChromium(t);
const week = browser === undefined || !requireFfmpeg(t) ? undefined : await recordedWeek(t);

const MONTH_MS = 27 * 86_400_000;

if (browser !== undefined && week !== undefined) {
  const { url, yesterdayMs } = week;
  const at = (time: string) => yesterdayMs + Date.parse(`1970-01-01T${time}Z`);
  const link = (streams: string, time: string) =>
    `${url}?streams=${streams}&t=${new Date(at(time)).toISOString()}`;

  t.test('every control by mouse', async (t) => {
    const watch = await WatchPage.open(browser, link('cam1', '14:05:00'));
    const { page } = watch;
    const video = (property: string) =>
      page.evaluate(`document.querySelector('.tile video').${property}`);
    await watch.untilClock(at('14:05:01'), at('14:05:20'));
    await page.click('#playback-toggle');
    const still = await watch.untilPaused();
    await page.click('#playback-step');
    await watch.untilClock(still + 20, still + 67);
    await page.click('#playback-step-back');
    await watch.untilClock(still - 34, still + 20);
    await page.click('#playback-forward');
    await watch.untilClock(still + 9900, still + 10_100);
    await page.click('#playback-back');
    await watch.untilClock(still - 100, still + 100);
    await page.selectOption('#playback-rate', '16');
    t.equal(await video('playbackRate'), 16);
    await page.selectOption('#playback-rate', '0.25');
    t.equal(await video('playbackRate'), 0.25);
    await page.locator('#playback-volume').fill('0.5');
    t.equal(await video('volume'), 0.5);
    await page.click('#playback-mute');
    t.equal(await video('muted'), true);
    await page.locator('#playback-volume').fill('0.7');
    t.equal(await video('muted'), false, 'who turns it up wants to hear it');
    await page.click('#playback-full');
    await watch.until('full screen', () => page.evaluate('document.fullscreenElement !== null'));
    await page.click('#playback-full');
    await watch.until('no full screen', () => page.evaluate('document.fullscreenElement === null'));

    await page.selectOption('#watch-add', 'cam2');
    await page.waitForSelector('[data-stream-tile="cam2"][data-tile-state="media"]');
    await page.selectOption('#watch-add', 'cam3');
    await page.waitForSelector('[data-stream-tile="cam3"][data-tile-state="media"]');
    t.match(page.url(), /\?streams=cam1,cam2,cam3&t=/);
    await page.click('.chip:has-text("cam2") button');
    await page.waitForSelector('[data-stream-tile="cam2"]', { state: 'detached' });
    await page.goBack();
    await page.waitForSelector('[data-stream-tile="cam2"]');
    t.pass('the browser’s button leads back');

    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const shown = await watch.clockMs();
    await page.click('#copy-link');
    await page.waitForSelector('#copy-link:text-is("Copied")');
    const copied = new URL(await page.evaluate<string>('navigator.clipboard.readText()'));
    t.equal(copied.searchParams.get('streams'), 'cam1,cam2,cam3');
    t.ok(Math.abs(Date.parse(copied.searchParams.get('t')!) - shown) <= 1, 'to this moment');

    // From a second to a month, around where the pointer is.
    const box = (await page.locator('#timeline').boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + 50);
    const length = async () => {
      const { startMs, endMs } = await watch.range();
      return endMs - startMs;
    };
    const turnUntil = async (delta: number, holds: (ms: number) => boolean) => {
      await watch.until('another scale', async () => {
        await page.mouse.wheel(0, delta);
        return holds(await length());
      });
    };
    await turnUntil(-600, (ms) => ms <= 2000);
    await turnUntil(600, (ms) => ms >= MONTH_MS);

    await page.goto(link('cam1', '14:05:00'));
    await watch.untilClock(at('14:05:00'), at('14:05:20'));
    await page.click('#playback-toggle');
    await page.click('#clip-out');
    await page.click('#playback-forward');
    await watch.until('ten seconds', async () => (await watch.clockMs()) > at('14:05:08'));
    await page.click('#clip-in');
    await page.waitForSelector('#clip-size:has-text("ends before it begins")');
    t.ok(await page.isDisabled('#clip-download'));
    await page.click('.clip button:text-is("Clear marks")');
    await page.click('#clip-in');
    await page.click('#playback-forward');
    await page.click('#clip-out');
    // Before all of it has come, it is given up.
    await page.route('**/export.mp4*', () => undefined);
    await page.waitForSelector('#clip-download:enabled');
    await page.click('#clip-download');
    await page.click('.clip button:text-is("Cancel")');
    await page.waitForSelector('#clip-download:enabled');
    t.equal(await page.textContent('.clip [role="alert"]'), '', 'which is no error');

    await page.goto(`${url}?streams=`);
    await page.waitForSelector('#watch-empty');
    t.match(await page.textContent('#watch-empty'), /Choose the streams to watch/);
    t.strictSame(watch.faults, []);
    await page.context().close();
  });

  t.test('from the list to a clip by keyboard alone', async (t) => {
    const watch = await WatchPage.open(browser, url);
    const { page } = watch;
    const focused = () => page.evaluate<string>('document.activeElement.id');
    await page.waitForSelector('.stream');
    await tabTo(page, '[data-stream="cam3"] .stream-watch');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#watch-title');
    await watch.until('focus', async () => (await focused()) === 'watch-title');
    await tabTo(page, '#watch-add');
    await page.keyboard.type('cam1');
    await page.waitForSelector('[data-stream-tile="cam1"]');
    await tabTo(page, '#moment');
    const target = new Date(at('14:05:00'));
    const local = target.toLocaleDateString('en-CA', { timeZone: PAGE_ZONE });
    const [, year, month, day] = /(\d+)-(\d+)-(\d+)/.exec(local)!;
    const two = '2-digit' as const;
    const time = target.toLocaleTimeString('en-US', {
      ...{ timeZone: PAGE_ZONE, hour: two, minute: two, second: two },
    });
    // As this browser has its fields: the month first, then minutes and seconds after the hour.
    await page.keyboard.type(`${month}${day}${year}`);
    await page.keyboard.press('Tab');
    await page.keyboard.type(time.replaceAll(/[^\dAPM]/g, ''));
    await page.keyboard.press('Enter');
    await watch.untilClock(at('14:05:00'), at('14:05:20'));
    // Before it comes to the end of what was recorded then, however long the rest takes.
    await tabTo(page, '#playback-toggle');
    await page.keyboard.press('Space');
    await page.waitForSelector('#playback-toggle[aria-label="Play"]');
    await tabTo(page, '#calendar-toggle');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.calendar-day[data-recorded]');
    await tabTo(page, '.calendar-day[data-recorded]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.calendar', { state: 'detached' });
    await watch.until('the day', async () => {
      const { startMs, endMs } = await watch.range();
      // An hour more or less where clocks are set.
      return Math.abs(endMs - startMs - 86_400_000) <= 3_600_000 && startMs < yesterdayMs;
    });
    await tabTo(page, '#zone');
    await page.keyboard.type('UTC');
    await page.waitForFunction(`document.getElementById('zone').value === 'UTC'`);
    await tabTo(page, '#playback-rate');
    await page.keyboard.press('ArrowDown');
    t.equal(await page.inputValue('#playback-rate'), '2');
    await tabTo(page, '#playback-volume');
    await page.keyboard.press('ArrowLeft');
    t.equal(await page.inputValue('#playback-volume'), '0.95');
    await tabTo(page, '#timeline');
    const before = await watch.range();
    await page.keyboard.press('PageUp');
    await watch.until('earlier', async () => (await watch.range()).startMs < before.startMs);
    await page.keyboard.press('i');
    const marked = await watch.markMs('in');
    await page.keyboard.press('ArrowRight');
    await watch.untilClock(marked + 4900, marked + 5100);
    await page.keyboard.press('o');
    await tabTo(page, '#clip-download:enabled');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.keyboard.press('Enter'),
    ]);
    t.match(download.suggestedFilename(), /^cam3/);
    const { pictures } = await open(await download.path());
    t.ok(Math.abs(pictures.length - 150) <= 4, `${pictures.length} pictures in five seconds`);
    t.strictSame(watch.faults, []);
    await page.context().close();
  });

  t.test('with fingers, 390 px wide', async (t) => {
    const phone = { width: 390, height: 844, hasTouch: true };
    const watch = await WatchPage.open(browser, url, phone);
    const { page } = watch;
    const fits = async () =>
      t.equal(
        await page.evaluate('document.documentElement.scrollWidth'),
        390,
        'nothing is cut off',
      );
    await page.tap('[data-stream="cam1"] .stream-watch');
    await page.tap('#calendar-toggle');
    await page.waitForSelector('.calendar-day');
    await fits();
    await page.selectOption('#zone', 'UTC');
    await page.tap(await watch.calendarDay(yesterdayMs));
    await watch.until('the day', async () => (await watch.range()).startMs === yesterdayMs);

    // Found anew each time: what is said above it may move it.
    const boxOf = async () => {
      const timeline = page.locator('#timeline');
      await timeline.scrollIntoViewIfNeeded();
      return (await timeline.boundingBox())!;
    };
    const touches = await page.context().newCDPSession(page);
    const touch = async (type: 'touchStart' | 'touchMove' | 'touchEnd', ...xs: number[]) => {
      const box = await boxOf();
      await touches.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: xs.map((x, id) => ({ x: box.x + x, y: box.y + 50, id })),
      });
    };
    const xOf = async (epochMs: number) => {
      const { startMs, endMs } = await watch.range();
      return ((epochMs - startMs) / (endMs - startMs)) * (await boxOf()).width;
    };
    // Two fingers on both sides of the moment part, until it can be hit.
    const target = at('14:05:05');
    for (let pinch = 0; pinch < 20; pinch++) {
      const before = await watch.range();
      if (before.endMs - before.startMs < 120_000) break;
      const x = await xOf(target);
      let looks = 0;
      await watch.until('a shorter time', async () => {
        // Once a second anew: where the page moves at that moment, fingers meet something else.
        if (looks++ % 20 === 0) {
          await touch('touchStart', x - 20, x + 20);
          for (const apart of [30, 45, 60]) await touch('touchMove', x - apart, x + apart);
          await touch('touchEnd');
        }
        const { startMs, endMs } = await watch.range();
        return endMs - startMs < before.endMs - before.startMs;
      });
    }
    t.ok((await watch.range()).endMs - (await watch.range()).startMs < 120_000, 'by pinching');
    const before = await watch.range();
    await touch('touchStart', 100);
    for (const x of [110, 130, 150]) await touch('touchMove', x);
    await touch('touchEnd');
    t.ok((await watch.range()).startMs < before.startMs, 'one finger moves it');
    const x = await xOf(target);
    const box = await boxOf();
    await page.touchscreen.tap(box.x + x, box.y + 50);
    await watch.untilClock(target - 500, target + 12_000);
    await page.tap('#playback-toggle');
    await watch.untilPaused();
    await page.tap('#clip-in');
    const marked = await watch.markMs('in');
    await page.tap('#playback-step');
    await watch.until('a frame later', async () => (await watch.clockMs()) > marked);
    await page.tap('#playback-forward');
    await watch.untilClock(marked + 9900, marked + 10_200);
    await page.tap('#clip-out');
    await page.waitForSelector('#clip-export:enabled');
    await fits();
    await page.tap('#clip-export');
    await page.waitForSelector('.export[data-state="done"]');
    await fits();
    await page.tap('.export-remove');
    await page.waitForSelector('.export', { state: 'detached' });
    await page.selectOption('#watch-add', 'cam2');
    await page.selectOption('#watch-add', 'cam3');
    await page.selectOption('#watch-add', 'cam4');
    await page.waitForSelector('[data-stream-tile="cam4"]');
    await fits();
    t.strictSame(watch.faults, []);
    await page.context().close();
  });
}
