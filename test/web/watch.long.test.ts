import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { open } from '../export/exported.ts';
import { requireFfmpeg } from '../media/tool.ts';
import {
  CLOCK_RATE,
  numberedByTime,
  SHOWN_NUMBERS,
  type ShownPicture,
  shownPictures,
} from './clock-pictures.ts';
import { recordedWeek } from './recorded-week.ts';
import { clipName, WatchPage } from './watch-page.ts';

t.setTimeout(240_000);

const browser = await requireChromium(t);
const hasTools = requireFfmpeg(t);
const week = browser === undefined || !hasTools ? undefined : await recordedWeek(t);

if (browser !== undefined && week !== undefined) {
  const { url, yesterdayMs, clockMs } = week;
  const at = (time: string) => yesterdayMs + Date.parse(`1970-01-01T${time}Z`);
  const link = (streams: string, time: string) =>
    `${url}?streams=${streams}&t=${new Date(at(time)).toISOString()}`;

  t.test('yesterday 14:05 of cam3 in three actions', async (t) => {
    const watch = await WatchPage.open(browser, url);
    const { page } = watch;
    const target = at('14:05:00');
    const taken = (number: number) => clockMs + (number * 1000) / CLOCK_RATE;
    // By the clock on the wall of the one who looks for it.
    const local = new Date(target).toLocaleString('sv', { timeZone: 'Europe/Berlin' });
    await page.click('[data-stream="cam3"] .stream-watch');
    await page.fill('#moment', local.replace(' ', 'T'));
    await page.evaluate(`addEventListener('keydown', ({ timeStamp }) => {
      globalThis.pressedAt = timeStamp;
      globalThis.shown = ${shownPictures(1)};
    }, { capture: true, once: true })`);
    await page.press('#moment', 'Enter');
    const shown = await page.evaluate<ShownPicture[]>('shown');
    const [first] = shown;
    const firstNumber = numberedByTime(shown)(first!.mediaTime) - (first!.presented - 1);
    const pressedAt = await page.evaluate<number>('pressedAt');
    t.ok(Math.abs(taken(firstNumber) - target) <= 50, 'the first picture is that of 14:05:00');
    t.comment(`shown ${Math.round(first!.shownAt - pressedAt)} ms after it was asked for`);
    await watch.untilClock(target + 500, target + 20_000);
    const later = await page.evaluate<ShownPicture[]>(shownPictures(2));
    const numberAt = numberedByTime(later);
    const offsets = later.map(({ mediaTime, clockMs }) => clockMs - taken(numberAt(mediaTime)));
    const furthest = Math.max(...offsets.map(Math.abs));
    t.ok(furthest <= 50, `while it plays, the clock is off by ${furthest.toFixed(1)} ms at most`);
    const [tile] = await watch.tiles();
    t.match(tile, { stream: 'cam3', state: 'media', isPaused: false, width: 320 });
    t.match(page.url(), /\?streams=cam3&t=/, 'which the address says too');
    await page.keyboard.press('k');
    await watch.until('a clock that says when its picture was taken', async () => {
      const [[number], clock] = (await page.evaluate(
        `[${SHOWN_NUMBERS}, Date.parse(document.getElementById('playback-clock').dateTime)]`,
      )) as [number[], number];
      t.comment(`a picture of ${taken(number!)} is said to be of ${clock}`);
      return Math.abs(clock - taken(number!)) <= 50;
    });
    t.strictSame(watch.faults, []);
    await page.context().close();
  });

  t.test('three streams of two codecs in step', async (t) => {
    const address = link('cam1,cam2,cam3', '14:04:52');
    const watch = await WatchPage.open(browser, address);
    await watch.untilClock(at('14:04:55'), at('14:05:20'));
    // All three began at the same moment, so that their presentations do too.
    let sinceMs: number | undefined;
    await watch.until('two seconds in step', async () => {
      const clock = await watch.clockMs();
      // On a busy machine it may take longer than what was recorded then.
      if (clock > at('14:05:15')) {
        sinceMs = undefined;
        await watch.page.goto(address);
        return false;
      }
      const tiles = await watch.tiles();
      for (const { rate } of tiles) {
        if (rate < 0.95 || rate > 1.05) t.fail(`a rate of ${rate}`);
      }
      const times = tiles.map(({ time }) => time);
      const isMedia =
        tiles.length === 3 && tiles.every(({ state, note }) => state === 'media' && note === '');
      const isInStep = isMedia && Math.max(...times) - Math.min(...times) < 0.1;
      sinceMs = isInStep ? (sinceMs ?? clock) : undefined;
      return sinceMs !== undefined && clock - sinceMs >= 2000;
    });
    t.strictSame(watch.faults, []);
    await watch.page.context().close();
  });

  t.test('on over a gap and another picture size, and over hours without anything', async (t) => {
    const watch = await WatchPage.open(browser, link('cam1', '18:00:05'));
    await watch.untilClock(at('18:00:05'), at('18:00:08'));
    await watch.untilClock(at('18:00:23'), at('18:00:32'));
    t.match(await watch.tiles(), [{ width: 640, note: '' }]);
    await watch.page.goto(link('cam1', '14:05:17'));
    await watch.untilClock(at('14:05:17'), at('14:05:21'));
    await watch.untilClock(at('18:00:00'), at('18:00:08'));
    t.pass('it goes on where there is media again');
    await watch.page.goto(link('cam3', '23:59:58'));
    await watch.untilClock(at('24:00:01'.replace('24', '23')) + 3600e3, yesterdayMs + 86_406_000);
    t.pass('and over midnight');
    await watch.page.goto(link('cam1', '20:00:00'));
    await watch.page.waitForSelector('.tile .screen-note:has-text("Nothing is recorded here")');
    await watch.page.waitForSelector('#playback-toggle[aria-label="Play"]');
    await watch.page.context().close();
  });

  t.test('one stream has a gap while another plays', async (t) => {
    const watch = await WatchPage.open(browser, link('cam3,cam1', '14:05:00'));
    await watch.untilClock(at('14:05:01'), at('14:05:20'));
    await watch.page.goto(link('cam2,cam1', '18:00:02'));
    await watch.untilClock(at('18:00:03'), at('18:00:08'));
    const [cam2, cam1] = await watch.tiles();
    t.match(cam2, { stream: 'cam2', state: 'nothing', note: 'Nothing is recorded here' });
    t.match(cam1, { stream: 'cam1', state: 'media', note: '' });
    await watch.page.context().close();
  });

  t.test('by keys alone', async (t) => {
    const watch = await WatchPage.open(browser, link('cam1', '14:05:00'));
    const { page } = watch;
    await watch.untilClock(at('14:05:01'), at('14:05:15'));
    await page.keyboard.press('k');
    const paused = await watch.untilPaused();
    await page.keyboard.press('.');
    await watch.until('the next frame', async () => (await watch.clockMs()) > paused);
    const next = await watch.clockMs();
    t.ok(next - paused <= 67, `${next - paused} ms later`);
    for (let press = 0; press < 2; press++) {
      const before = await watch.clockMs();
      await page.keyboard.press(',');
      await watch.until('the frame before', async () => (await watch.clockMs()) < before);
      t.ok(before - (await watch.clockMs()) <= 67);
    }
    const still = await watch.clockMs();
    await page.keyboard.press('ArrowLeft');
    await watch.untilClock(still - 5100, still - 4900);
    await page.keyboard.press('l');
    await watch.untilClock(still + 4900, still + 5100);
    await page.keyboard.press('j');
    await watch.untilClock(still - 5100, still - 4900);
    await page.keyboard.press('m');
    t.equal(await page.getAttribute('#playback-mute', 'aria-pressed'), 'true');
    await page.keyboard.press('i');
    const marked = await watch.markMs('in');
    await page.keyboard.press('l');
    await watch.untilClock(still + 4900, still + 5100);
    await page.keyboard.press('o');
    await page.waitForSelector('#clip-size:has-text("kB")');
    t.match(await page.textContent('#clip-size'), /^0:(09|10), about \d+ kB$/);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.press('#clip-download', 'Enter'),
    ]);
    const name = clipName('cam1', marked);
    t.equal(download.suggestedFilename(), name, 'named in local time');
    const { pictures, streams } = await open(await download.path());
    t.ok(Math.abs(pictures.length - 300) <= 4, `${pictures.length} pictures in ten seconds`);
    t.match(streams, [{ codec_name: 'h264' }, { codec_name: 'opus' }]);
    await page.focus('#timeline');
    const whole = await watch.range();
    await page.keyboard.press('+');
    await page.keyboard.press('+');
    await watch.until('a quarter', async () => {
      const { startMs, endMs } = await watch.range();
      return Math.abs((endMs - startMs) / (whole.endMs - whole.startMs) - 0.25) < 0.01;
    });
    await watch.until('two seconds or so', async () => {
      await page.keyboard.press('+');
      const { startMs, endMs } = await watch.range();
      return endMs - startMs <= 2000;
    });
    const shown = await watch.range();
    await page.keyboard.press(' ');
    await page.waitForSelector('#playback-toggle[aria-label="Pause"]');
    await watch.until('a timeline that goes on with what is played', async () => {
      const { startMs } = await watch.range();
      return startMs > shown.startMs;
    });
    await page.keyboard.press('k');
    const end = await watch.untilPaused();
    await watch.until('earlier', async () => {
      await page.keyboard.press('PageUp');
      return (await watch.range()).endMs < end - 2000;
    });
    const elsewhere = await watch.range();
    await page.keyboard.press('k');
    await watch.until('pictures', async () => (await watch.clockMs()) > end + 1000);
    t.strictSame(await watch.range(), elsewhere, 'but not where it was moved elsewhere');
    await page.keyboard.press('f');
    await watch.until('full screen', async () =>
      page.evaluate<boolean>('document.fullscreenElement !== null'),
    );
    t.strictSame(watch.faults, []);
    await page.context().close();
  });

  t.test('a clip of VP8 is a WebM', async (t) => {
    const watch = await WatchPage.open(browser, link('cam4', '14:05:00'));
    const { page } = watch;
    await watch.untilPlaying();
    await page.keyboard.press('k');
    await page.waitForSelector('#playback-toggle[aria-label="Play"]');
    await page.keyboard.press('i');
    const marked = await watch.markMs('in');
    await page.keyboard.press('ArrowRight');
    await watch.untilClock(marked + 4900, marked + 5100);
    await page.keyboard.press('o');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click('#clip-download'),
    ]);
    t.match(download.suggestedFilename(), /^cam4.*\.webm$/);
    const { streams } = await open(await download.path());
    t.match(streams, [{ codec_name: 'vp8' }, { codec_name: 'opus' }]);
    t.equal(await page.textContent('.clip [role="alert"]'), '');
    t.strictSame(watch.faults, []);
    await page.context().close();
  });

  t.test('by mouse: days, zoom, a click, and what is under the pointer', async (t) => {
    const watch = await WatchPage.open(browser, `${url}?streams=cam1,cam2`);
    const { page } = watch;
    await page.selectOption('#zone', 'UTC');
    await page.click('#calendar-toggle');
    await page.click(await watch.calendarDay(yesterdayMs));
    await watch.until('the day', async () => (await watch.range()).startMs === yesterdayMs);
    const box = (await page.locator('#timeline').boundingBox())!;
    const target = at('14:05:05');
    for (let turn = 0; turn < 30; turn++) {
      const { startMs, endMs } = await watch.range();
      if (endMs - startMs < 60_000) break;
      const x = box.x + ((target - startMs) / (endMs - startMs)) * box.width;
      await page.mouse.move(x, box.y + 50);
      await page.mouse.wheel(0, -400);
      await watch.until('a shorter time', async () => (await watch.range()).startMs > startMs);
    }
    await watch.clickTimeline(target);
    await watch.untilClock(target - 1000, target + 12_000);
    await watch.untilPlaying();
    await page.keyboard.press('k');
    await watch.untilPaused();
    await page.mouse.move(box.x + box.width / 2, box.y + 50);
    await page.waitForSelector('.timeline-hover video');
    await watch.until('its picture', async () =>
      page.evaluate<boolean>('document.querySelector(".timeline-hover video")?.readyState >= 2'),
    );
    const { startMs } = await watch.range();
    await page.mouse.move(box.x + 200, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + 300, box.y + 50, { steps: 4 });
    await page.mouse.up();
    t.ok((await watch.range()).startMs < startMs, 'a drag moves, and does not choose');
    t.strictSame(watch.faults, []);
    await page.context().close();
  });

  t.test('on a telephone', async (t) => {
    const phone = { width: 390, height: 844, hasTouch: true };
    const watch = await WatchPage.open(browser, link('cam1,cam2', '14:05:00'), phone);
    const { page } = watch;
    await watch.untilClock(at('14:05:01'), at('14:05:20'));
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), 390);
    const small = (await page.evaluate(`[...document.querySelectorAll('button, select, nav a')]
      .filter((element) => element.checkVisibility())
      .map((element) => [element.id || element.textContent, element.getBoundingClientRect()])
      .filter(([, { width, height }]) => width < 44 || height < 44)
      .map(([name]) => name)`)) as string[];
    t.strictSame(small, [], 'everything can be hit with a finger');
    await page.tap('#playback-toggle');
    await page.waitForSelector('#playback-toggle[aria-label="Play"]');
    await page.goto(url);
    await page.waitForSelector('.stream');
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), 390);
    await page.context().close();
  });

  t.test('in Chinese, from the browser, and as it is chosen', async (t) => {
    const watch = await WatchPage.open(browser, link('cam1', '14:05:00'));
    const { page } = watch;
    await page.selectOption('#language', 'zh');
    t.equal(await page.textContent('#watch-title'), '观看');
    t.equal(await page.getAttribute('html', 'lang'), 'zh-Hans');
    await page.reload();
    t.equal(await page.textContent('#watch-title'), '观看', 'which is remembered');
    await page.context().close();
    const chinese = await browser.newPage({ locale: 'zh-CN' });
    await chinese.goto(url);
    t.equal(await chinese.textContent('#streams-title'), '流');
    await chinese.close();
  });
}
