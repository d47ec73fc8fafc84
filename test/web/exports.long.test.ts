import { PassThrough } from 'node:stream';
import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { open } from '../export/exported.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { recordedWeek } from './recorded-week.ts';
import { type CannedReply, startRecorderStub } from './recorder-stub.ts';
import { clipName, WatchPage } from './watch-page.ts';

const browser = await requireChromium(t);

/**
 * Marks five seconds from the moment that is shown, and exports them, by keys alone.
 * @returns what it marked first, ms since the Unix epoch
 */
async function exportByKeys(watch: WatchPage): Promise<number> {
  const { page } = watch;
  await page.keyboard.press('k');
  await page.waitForSelector('#playback-toggle[aria-label="Play"]');
  await page.keyboard.press('i');
  const marked = await watch.markMs('in');
  await page.keyboard.press('ArrowRight');
  await watch.untilClock(marked + 4900, marked + 5100);
  await page.keyboard.press('o');
  await page.waitForSelector('#clip-export:enabled');
  await page.press('#clip-export', 'Enter');
  return marked;
}

if (browser !== undefined && requireFfmpeg(t)) {
  const { url, yesterdayMs } = await recordedWeek(t);
  const link = `${url}?streams=cam1&t=${new Date(yesterdayMs + 50_700_000).toISOString()}`;

  t.test('a clip is written in the background, and is there after a reload', async (t) => {
    const watch = await WatchPage.open(browser, link);
    const { page } = watch;
    await watch.untilPlaying();
    await watch.untilClock(yesterdayMs + 50_700_000, yesterdayMs + 50_715_000);
    const marked = await exportByKeys(watch);
    await page.waitForSelector('.export[data-state="done"]');
    t.match(await page.textContent('.export .hint'), /^finished · [\d.]+ kB · kept until /);
    await page.reload();
    const item = page.locator('.export[data-state="done"]');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      item.locator('.export-download').click(),
    ]);
    const name = clipName('cam1', marked);
    t.equal(download.suggestedFilename(), name, 'named in local time');
    const { pictures, streams } = await open(await download.path());
    t.ok(Math.abs(pictures.length - 150) <= 4, `${pictures.length} pictures in five seconds`);
    t.match(streams, [{ codec_name: 'h264' }, { codec_name: 'opus' }]);
    await item.locator('.export-remove').press('Enter');
    await item.waitFor({ state: 'detached' });
    await page.reload();
    await page.waitForSelector('#playback-clock');
    const left = (await (await fetch(`${url}api/exports`)).json()) as { exports: object[] };
    t.strictSame(left.exports, [], 'it is removed from the recorder');
    t.strictSame(watch.faults, []);
    await page.context().close();
  });

  t.test('why an export is refused is said in words', async (t) => {
    const watch = await WatchPage.open(browser, link);
    const { page } = watch;
    await watch.untilPlaying();
    await watch.untilClock(yesterdayMs + 50_700_000, yesterdayMs + 50_715_000);
    const refusals = [
      [507, 'too little space for this export'],
      [429, 'keeps no more exports'],
      [409, 'cannot be read'],
      [404, 'Nothing is recorded here'],
      [400, 'as the recorder says'],
    ] as const;
    let refusal = 0;
    await page.route('**/api/exports', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      const [status] = refusals[refusal]!;
      await route.fulfill({ status, json: { message: 'as the recorder says' } });
    });
    await exportByKeys(watch);
    for (const [status, words] of refusals) {
      if (status !== 507) await page.click('#clip-export');
      await page.waitForSelector(`#export-message:has-text("${words}")`);
      refusal++;
    }
    t.equal(await page.locator('.export').count(), 0);
    t.strictSame(watch.faults, []);
    await page.context().close();
  });
}

if (browser !== undefined) {
  const ID = '0b6a9f3e-6f0c-4f0e-9d63-0d8c5b8d4c11';
  const job = (state: string, more: object = {}) => ({
    ...{ id: ID, stream: 'cam1', start_ts: 1e15, end_ts: 1e15 + 60e6, gaps: 'cut' },
    ...{ container: 'mp4', state, created_ts: 1e15, written_bytes: 0, ...more },
  });

  t.test(
    'progress is told by events, by asking where there are none, and ends as is said',
    async (t) => {
      const stub = await startRecorderStub(t);
      const list = (...exports: object[]) =>
        stub.replies.set('GET /api/exports', { status: 200, body: { exports } });
      const one = `/api/exports/${ID}`;
      const events = new PassThrough();
      const headers = { 'Content-Type': 'text/event-stream' };
      list(job('queued'));
      stub.replies.set(`GET ${one}/events`, { status: 200, headers, body: events });
      const { page } = await WatchPage.open(browser, `${stub.url}?streams=`);
      await page.waitForSelector('.export[data-state="queued"]:has-text("waiting until others")');
      const running = job('running', { written_bytes: 25e6, size: 100e6 });
      events.write(`data: ${JSON.stringify(running)}\n\n`);
      await page.waitForSelector('.export[data-state="running"]:has-text("25 MB · 100 MB")');
      t.equal(await page.evaluate('document.querySelector(".export progress").position'), 0.25);
      // A path without events: what becomes of it is asked for.
      stub.replies.delete(`GET ${one}/events`);
      const error = 'the disk is full; remove exports, and ask for it again';
      stub.replies.set(`GET ${one}`, { status: 200, body: job('failed', { error }) });
      events.end();
      await page.waitForSelector(`.export[data-state="failed"]:has-text("${error}")`);
      t.equal(await page.locator('.export-download').count(), 0, 'there is no file');
      const removed: CannedReply = { status: 204 };
      stub.replies.set(`DELETE ${one}`, removed);
      await page.click('.export-remove');
      await page.waitForSelector('.export', { state: 'detached' });

      // One that another page has removed meanwhile is gone here, too.
      list(job('running'));
      stub.replies.delete(`GET ${one}`);
      await page.reload();
      await page.waitForSelector('.export', { state: 'detached' });
      t.ok(stub.requests.some(({ method, url }) => method === 'GET' && url === one));
      await page.context().close();
    },
  );
}
