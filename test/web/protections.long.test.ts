import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { recordedWeek } from './recorded-week.ts';
import { tabTo } from './tab-to.ts';
import { WatchPage } from './watch-page.ts';

const browser = await requireChromium(t);
const week = browser === undefined || !requireFfmpeg(t) ? undefined : await recordedWeek(t);

interface Protection {
  stream: string;
  start_ts: number;
  end_ts: number;
  note: string;
}

if (browser !== undefined && week !== undefined) {
  const { url, root, yesterdayMs } = week;
  const at = (time: string) => yesterdayMs + Date.parse(`1970-01-01T${time}Z`);
  const link = (streams: string, time: string) =>
    `${url}?streams=${streams}&t=${new Date(at(time)).toISOString()}`;
  const protections = async () =>
    (await (await fetch(`${url}api/protections`)).json()) as Protection[];
  const protect = (stream: string, startMs: number) =>
    fetch(`${url}api/protections`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ stream, start_ts: startMs * 1000, end_ts: startMs * 1000 + 1e6 }),
    });

  t.test('what is marked is protected, seen, and lifted, by keyboard alone', async (t) => {
    const watch = await WatchPage.open(browser, link('cam1', '14:05:00'));
    const { page } = watch;
    await watch.untilPlaying();
    await page.keyboard.press('k');
    await page.waitForSelector('#playback-toggle[aria-label="Play"]');
    await page.keyboard.press('i');
    const startMs = await watch.markMs('in');
    await page.keyboard.press('ArrowRight');
    await watch.untilClock(startMs + 4900, startMs + 5100);
    await page.keyboard.press('o');
    const endMs = await watch.markMs('out');
    await tabTo(page, '#protect-note');
    await page.keyboard.type(' accident at the gate ');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.protection:has-text("accident at the gate")');
    await page.waitForSelector('#protect-hint:has-text("it is in the list below")');
    t.equal(await page.inputValue('#protect-note'), '', 'ready for the next');
    const body = { stream: 'cam1', start_ts: startMs * 1000, end_ts: endMs * 1000 };
    t.match(await protections(), [{ ...body, note: 'accident at the gate' }]);

    await page.reload();
    await page.waitForSelector('.protection');
    t.match(await page.textContent('.protection strong'), /^cam1, .*, 0:05$/);
    const box = (await page.locator('#timeline').boundingBox())!;
    await page.focus('#timeline');
    await watch.until('so near that it can be pointed at', async () => {
      await page.keyboard.press('+');
      const range = await watch.range();
      return range.endMs - range.startMs < 120_000;
    });
    const range = await watch.range();
    const share = (startMs + 2500 - range.startMs) / (range.endMs - range.startMs);
    await page.mouse.move(box.x + share * box.width, box.y + 50);
    await page.waitForSelector('.timeline-hover:has-text("Protected: accident at the gate")');

    await tabTo(page, '.protection-play');
    await page.keyboard.press('Enter');
    await watch.untilClock(startMs, startMs + 5000);
    await tabTo(page, '.protection-lift');
    await page.keyboard.press('Space');
    await page.waitForSelector('dialog[open]:has-text("Rules may delete the recording")');
    t.ok(
      await page.evaluate('document.activeElement.classList.contains("dialog-cancel")'),
      'what has the focus does no harm',
    );
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open]', { state: 'detached' });
    t.equal((await protections()).length, 1, 'it is still protected');
    t.ok(await page.evaluate('document.activeElement.classList.contains("protection-lift")'));
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open]');
    await tabTo(page, '.dialog-lift');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.protection', { state: 'detached' });
    t.strictSame(await protections(), []);
    t.equal(await page.evaluate('document.activeElement.id'), 'clip-title');
    t.strictSame(watch.faults, []);
    await page.context().close();
  });

  t.test('with fingers, 390 px wide, and why it was not', async (t) => {
    for (let second = 0; second < 6; second++)
      await protect('cam1', at('14:05:00') + second * 1000);
    await protect('cam2', at('14:05:00'));
    const phone = { width: 390, height: 844, hasTouch: true };
    const watch = await WatchPage.open(browser, link('cam1', '14:05:00'), phone);
    const { page } = watch;
    await watch.untilPlaying();
    await page.tap('#playback-toggle');
    await page.tap('#clip-in');
    const marked = await watch.markMs('in');
    await page.tap('#playback-forward');
    await watch.untilClock(marked + 9900, marked + 10_100);
    await page.tap('#clip-out');
    let answer = { status: 403, json: {} };
    await page.route('**/api/protections', (route) =>
      route.request().method() === 'POST' ? route.fulfill(answer) : route.continue(),
    );
    await page.tap('#clip-protect');
    await page.waitForSelector('#protection-message:has-text("does not allow")');
    answer = { status: 429, json: { message: 'no more than 10000 protections are kept' } };
    await page.tap('#clip-protect');
    await page.waitForSelector('#protection-message:has-text("no more than 10000")');
    t.equal(await page.locator('.protection').count(), 5, 'the newest of this stream');
    await page.tap('#protections + button:text-is("All 6")');
    t.equal(await page.locator('.protection').count(), 6);
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), 390);
    const outside = await page.evaluate(`(() => {
      const { right } = document.querySelector('.clip').getBoundingClientRect();
      return [...document.querySelectorAll('.clip *')]
        .filter((element) => element.getBoundingClientRect().right > right + 1)
        .map((element) => element.outerHTML);
    })()`);
    t.strictSame(outside, [], 'nothing stands beyond the edge of the panel');
    // Another page may lift one before.
    await page.route('**/api/protections/*', (route) => route.fulfill({ status: 404, json: {} }));
    await page.tap('.protection-lift >> nth=0');
    await page.tap('dialog[open] .dialog-lift');
    await watch.until('five', async () => (await page.locator('.protection').count()) === 5);
    t.equal(await page.textContent('#protection-message'), '');
    t.strictSame(watch.faults, []);
    await page.context().close();
  });

  t.test('what cannot be read is said, and what can be is shown', async (t) => {
    const day = new Date(yesterdayMs).toISOString().slice(0, 10).replaceAll('-', '/');
    for (const stream of ['cam1', 'cam3']) await rm(join(root, stream, day, 'manifest.mpd'));
    const midnight = new Date(yesterdayMs + 86_401_000).toISOString();
    const watch = await WatchPage.open(browser, `${url}?streams=cam3&t=${midnight}`);
    const { page } = watch;
    const words = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' });
    await watch.untilPlaying();
    const note = page.locator('.left-out');
    t.match(await note.textContent(), words.format(yesterdayMs));
    t.match(await note.textContent(), 'nothing can be shown');
    await page.selectOption('#language', 'zh');
    t.match(await note.textContent(), '无法显示');
    await page.selectOption('#language', 'en');
    await page.goto(link('cam1', '14:05:00'));
    await page.waitForSelector('.screen-note:has-text("cannot be read")');
    t.equal(await page.getAttribute('.tile', 'data-tile-state'), 'failed');
    t.strictSame(watch.faults, []);
    await page.context().close();
  });
}
