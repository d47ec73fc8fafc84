import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { ConsolePage } from '../chromium/console-page.ts';
import { requireChromium } from '../chromium/launch.ts';
import { recordStatus, untilStatus } from '../chromium/recorder-replies.ts';
import { type RecorderProcess, startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

t.setTimeout(200_000);

t.test('the button of the console starts and stops a recording', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined) return;
  const recorder = await startRecorder(t, { autoStreams: [] });
  const page = await ConsolePage.open(await browser.newContext(), recorder.url);
  await page.publish({ stream: 'cam1', size: '640x360', record: false });
  await page.untilState('cam1', 'live');
  t.equal((await recordStatus(recorder.url, 'cam1')).recording, false);

  await page.toggle('cam1', 'start');
  await page.untilState('cam1', 'recording');
  const { record_dir: folder = '' } = await recordStatus(recorder.url, 'cam1');
  await page.untilStored('cam1');
  await page.toggle('cam1', 'stop');
  await page.untilState('cam1', 'live');
  t.equal((await recordStatus(recorder.url, 'cam1')).recording, false);
  const names = await readdir(join(recorder.root, folder));
  t.ok(names.includes('manifest.mpd') && names.includes('seg_0001.m4s'), names.join(' '));

  await page.toggle('cam1', 'start');
  await page.untilState('cam1', 'recording');
  await untilStatus(recorder.url, 'cam1', 'recording', ({ recording }) => recording);
  t.strictSame(page.faults, []);
});

t.test('a stream can be armed before anyone publishes it', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined) return;
  const recorder = await startRecorder(t, { autoStreams: [] });
  const page = await ConsolePage.open(await browser.newContext(), recorder.url);
  await page.page.fill('#arm-stream', 'cam2');
  await page.page.press('#arm-stream', 'Enter');
  await page.untilState('cam2', 'waiting');
  await page.publish({ stream: 'cam2', size: '640x360', record: false });
  await page.untilState('cam2', 'recording');
  await page.untilStored('cam2');
  await page.stopPublishing();
  await page.untilState('cam2', 'waiting');
  await page.toggle('cam2', 'stop');
  await page.untilState('cam2', 'idle');
  t.equal((await recordStatus(recorder.url, 'cam2')).state, 'idle');
});

t.test('what was recorded only because it was published here is not waited for', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined) return;
  for (const autoStreams of [[], ['*']]) {
    const recorder = await startRecorder(t, { autoStreams });
    const page = await ConsolePage.open(await browser.newContext(), recorder.url);
    await page.publish({ stream: 'cam1', size: '640x360' });
    await page.untilState('cam1', 'recording');
    await page.untilStored('cam1');
    await page.stopPublishing();
    await page.untilState('cam1', 'idle');
    const button = page.page.locator('.stream-toggle');
    t.equal(await button.textContent(), 'Record');
    // Once more, to see that the end of one does not end the next.
    await page.publish({ stream: 'cam1', size: '640x360' });
    await page.untilState('cam1', 'recording');
    await page.page.close({ runBeforeUnload: true });
    await untilStatus(recorder.url, 'cam1', 'its end', ({ state }) => state === 'idle');
    t.strictSame(page.faults, []);
  }
});

t.test('a stream that was armed before stays so', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined) return;
  const recorder = await startRecorder(t, { autoStreams: [] });
  await fetch(`${recorder.url}/api/record/cam1`, { method: 'POST' });
  const page = await ConsolePage.open(await browser.newContext(), recorder.url);
  await page.publish({ stream: 'cam1', size: '640x360' });
  await page.untilState('cam1', 'recording');
  await page.stopPublishing();
  await page.untilState('cam1', 'waiting');
  t.equal(await page.page.textContent('.stream-toggle'), 'Disarm');
});

t.test('a second publisher of the same stream is refused in words', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined) return;
  const recorder = await startRecorder(t, { autoStreams: [] });
  const context = await browser.newContext();
  const first = await ConsolePage.open(context, recorder.url);
  await first.publish({ stream: 'cam3', size: '640x360', record: false });
  const second = await ConsolePage.open(context, recorder.url);
  await second.page.fill('#publish-form [name=stream]', 'cam3');
  await second.page.click('#publish-start');
  await second.page.waitForSelector('#publish-form[data-state="failed"]');
  t.match(await second.page.textContent('#publish-message'), /publisher already/);
});

t.test('a publisher that goes is missed', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined) return;
  const recorder = await startRecorder(t, { autoStreams: ['*'] });
  const gone = ({ session_id }: { session_id?: string }) => session_id === undefined;

  await t.test('whose tab is closed', async (t) => {
    const context = await browser.newContext();
    const page = await ConsolePage.open(context, recorder.url);
    await page.publish({ stream: 'closed', size: '640x360', record: false });
    await page.untilState('closed', 'recording');
    await page.page.close({ runBeforeUnload: true });
    await untilStatus(recorder.url, 'closed', 'its end', gone);
    t.match(await lineOf(recorder, 'closed', 'publisher l'), /"reason":"client"/);
  });

  await t.test('whose browser is gone without a word', async (t) => {
    const context = await browser.newContext();
    const page = await ConsolePage.open(context, recorder.url);
    await page.publish({ stream: 'crashed', size: '640x360', record: false });
    await page.untilState('crashed', 'recording');
    const crashedAt = Date.now();
    await page.page.goto('chrome://crash').catch(() => undefined);
    await untilStatus(recorder.url, 'crashed', 'its end', gone);
    const line = await lineOf(recorder, 'crashed', 'publisher l');
    t.match(line, /"reason":"(idle|dtls-closed)"/);
    t.comment(`noticed after ${(Date.parse(JSON.parse(line).time) - crashedAt) / 1000} s`);
  });
});

/** The line of the log about a stream with these words; the log may be behind the API. */
function lineOf(recorder: RecorderProcess, stream: string, words: string): Promise<string> {
  return until(`a line of ${stream}: ${words}`, () =>
    recorder.log().find((line) => line.includes(stream) && line.includes(words)),
  );
}
