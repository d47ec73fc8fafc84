import { PassThrough } from 'node:stream';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { type RecorderStub, startRecorderStub } from './recorder-stub.ts';

const STREAM = 'Küche/100 %';
const ENCODED = 'K%C3%BCche%2F100%20%25';
const FOLDER = 'K%C3%BCche%2F100%20%25/2026/11/22';

/** States in which a recording runs or is waited with. */
const RECORDED = new Set(['waiting', 'recording', 'degraded', 'interrupted']);

const status = (state: string, more: object = {}) => ({
  stream: STREAM,
  state,
  ...(RECORDED.has(state) && { record_id: '1795364737' }),
  tracks: [],
  recordings: [],
  ...more,
});

const calls = (stub: RecorderStub, method: string) =>
  stub.requests.filter((request) => request.method === method).map(({ url }) => url);

function showStreams(stub: RecorderStub, ...streams: object[]): void {
  stub.replies.set('GET /api/recorder/streams', { status: 200, body: streams });
}

async function openConsole(
  t: Test,
): Promise<{ page: Page; stub: RecorderStub; pageErrors: Error[] } | undefined> {
  const browser = await requireChromium(t);
  if (browser === undefined) return undefined;
  const stub = await startRecorderStub(t);
  const page = await browser.newPage();
  const pageErrors: Error[] = [];
  page.on('pageerror', (error) => pageErrors.push(error));
  return { page, stub, pageErrors };
}

t.test('an empty recorder says how to begin', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  await page.goto(stub.url);
  await page.waitForSelector('#stream-list-empty:visible');
  t.equal(await page.textContent('#whip-address'), `${stub.url}whip/NAME`);
});

t.test('the storage is told of where there is something to tell', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  const bucket = { type: 's3', name: 's3://b', spool: '/s', state: 'ok', waiting_files: 0 };
  stub.replies.set('GET /api/storage', { status: 200, body: bucket });
  await page.goto(stub.url);
  await page.waitForSelector('#storage:text-is("Storage s3://b")');
  const lastError = { at: 1, code: 'ECONNREFUSED', message: 'put failed' };
  const behind = {
    state: 'delayed',
    waiting_files: 12,
    waiting_bytes: 3.4e6,
    last_error: lastError,
  };
  stub.replies.set('GET /api/storage', { status: 200, body: { ...bucket, ...behind } });
  await page.waitForSelector('#storage[data-state="delayed"]');
  t.equal(
    await page.textContent('#storage'),
    'Storage s3://b · the bucket is behind or does not answer; nothing is lost meanwhile · ' +
      '12 files (3.4 MB) wait for upload · last error: put failed',
  );
  const disk = { type: 'fs', name: '/r', state: 'ok' };
  stub.replies.set('GET /api/storage', { status: 200, body: disk });
  await page.waitForSelector('#storage[data-state="ok"]', { state: 'attached' });
  t.equal(await page.textContent('#storage'), '', 'a disk with room is nothing to tell');
});

t.test('each state has its badge and its button, kept up to date by polling', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub, pageErrors } = opened;
  const expected = [
    ['live', 'live, not recorded', 'Record'],
    ['recording', 'recording', 'Stop'],
    ['waiting', 'waiting for a publisher', 'Disarm'],
    ['degraded', 'recording, a track is missing', 'Stop'],
    ['interrupted', 'interrupted, waiting for its publisher', 'Stop'],
    ['connecting', 'connecting to its node', 'Record'],
    ['failed', 'failed', 'Record'],
    ['idle', 'not live', 'Record'],
  ] as const;
  const list = (shift: number) =>
    expected.map((_, place) => {
      const [state] = expected[(place + shift) % expected.length]!;
      const stream = `cam${place}`;
      return { ...status(state, state === 'failed' ? { error: 'disk is full' } : {}), stream };
    });
  for (const shift of [0, 1]) {
    showStreams(stub, ...list(shift));
    if (shift === 0) await page.goto(stub.url);
    await page.waitForSelector(`[data-stream="cam0"][data-state="${expected[shift]![0]}"]`);
    for (const [state, badge, verb] of expected) {
      const row = page.locator(`.stream[data-state="${state}"]`);
      t.equal(await row.locator('.badge').textContent(), badge);
      t.equal(await row.locator('.stream-toggle').textContent(), verb);
      const error = state === 'failed' ? 'disk is full' : '';
      t.equal(await row.locator('.stream-error').textContent(), error);
    }
  }
  showStreams(stub);
  await page.waitForSelector('.stream', { state: 'detached' });
  t.strictSame(pageErrors, []);
});

t.test('the recorder tells of changes by itself, and is not asked meanwhile', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  const events = new PassThrough();
  const tell = (...streams: object[]) => {
    const storage = { type: 'fs', name: '/r', state: 'ok' };
    events.write(`data: ${JSON.stringify({ streams, storage })}\n\n`);
  };
  const headers = { 'Content-Type': 'text/event-stream' };
  stub.replies.set('GET /api/recorder/events', { status: 200, headers, body: events });
  const track = {
    ...{ kind: 'video', codec: 'avc1.42e01f', packets_received: 990, packets_lost: 10 },
    ...{ bits_per_second: 2_500_000, frames_per_second: 29.97, width: 1280, height: 720 },
  };
  const period = { reason: 'publisher-changed', started_at: Date.now() * 1000 - 95e6 };
  await page.goto(stub.url);
  const day = { mpd_path: `${FOLDER}/manifest.mpd`, start_ts: 1e15, end_ts: 1e15, segments: 1 };
  const days = ['2026/11/21', '2026/11/22'].map((folder) => ({ ...day, folder, bytes: 1 }));
  showStreams(stub, { ...status('idle'), stream: 'cam1', recordings: days });
  const newest = { recordings: days.slice(1) };
  tell({ ...status('live', newest), stream: 'cam1' }, { ...status('idle'), stream: 'cam2' });
  await page.waitForSelector('[data-folder="2026/11/21"]');
  t.equal(await page.getAttribute('[data-stream="cam1"]', 'data-state'), 'live', 'not as listed');
  for (const rate of [1, 2]) {
    const recording = status('recording', { ...newest, tracks: [track], period, rate });
    tell({ ...recording, stream: 'cam1' }, { ...status('idle'), stream: 'cam2' });
  }
  await page.waitForSelector('[data-stream="cam1"] .sparkline');
  const figures = await page.textContent('[data-stream="cam1"] .track');
  for (const word of ['avc1.42e01f', '1280 × 720', '30 fps', '1.0 % lost']) t.match(figures, word);
  t.equal(await page.textContent('[data-stream="cam1"] .bit-rate'), '2.50 Mbit/s');
  t.match(
    await page.textContent('[data-stream="cam1"] .stream-facts'),
    /last break 1:[3-5]\d ago: the publisher left, was lost or was replaced/,
  );
  await page.fill('#stream-filter', 'recording');
  await page.waitForSelector('[data-stream="cam2"]', { state: 'detached' });
  await page.fill('#stream-filter', 'cam9');
  await page.waitForSelector('text=No stream matches the filter.');
  const asked = calls(stub, 'GET').filter((url) => url === '/api/recorder/streams');
  t.equal(asked.length, 1, 'once, for the days before the newest');

  events.end();
  stub.replies.delete('GET /api/recorder/events');
  showStreams(stub, status('waiting'));
  await page.fill('#stream-filter', '');
  await page.waitForSelector('.stream[data-state="waiting"]');
  t.pass('where it no longer tells, it is asked');
});

t.test('the button starts and stops the recording of exactly this stream', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  showStreams(stub, status('live'));
  stub.replies.set(`POST /api/record/${ENCODED}`, async () => {
    showStreams(stub, status('recording'));
    return { status: 200, body: {} };
  });
  stub.replies.set(`DELETE /api/record/${ENCODED}`, async () => {
    showStreams(stub, status('live'));
    return { status: 200 };
  });
  await page.goto(stub.url);
  await page.click('.stream-toggle[data-action="start"]');
  await page.waitForSelector('.stream[data-state="recording"]');
  t.strictSame(calls(stub, 'POST'), [`/api/record/${ENCODED}`]);
  await page.click('.stream-toggle[data-action="stop"]');
  await page.waitForSelector('.stream[data-state="live"]');
  t.strictSame(calls(stub, 'DELETE'), [`/api/record/${ENCODED}`]);
});

t.test('a refusal is shown where it was asked for', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  showStreams(stub, status('live'));
  stub.replies.set(`POST /api/record/${ENCODED}`, { status: 403 });
  stub.replies.set('POST /api/record/segments', {
    status: 400,
    body: { message: 'segments is a reserved name' },
  });
  await page.goto(stub.url);
  await page.click('.stream-toggle');
  await page.waitForSelector('.stream-error:not(:empty)');
  t.equal(await page.textContent('.stream-error'), 'This access token does not allow that.');
  await page.fill('#arm-stream', 'segments');
  await page.press('#arm-stream', 'Enter');
  await page.waitForSelector('#arm-message:not(:empty)');
  t.equal(await page.textContent('#arm-message'), 'segments is a reserved name');
  await page.fill('#arm-stream', '..');
  await page.press('#arm-stream', 'Enter');
  await page.waitForSelector('#arm-message:has-text("..")');
  t.notOk(calls(stub, 'POST').includes('/api/'), 'a name that would climb is never sent');
});

t.test('a stream is armed by its name', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  stub.replies.set(`POST /api/record/${ENCODED}`, async () => {
    showStreams(stub, status('waiting'));
    return { status: 200, body: {} };
  });
  await page.goto(stub.url);
  await page.fill('#arm-stream', ` ${STREAM} `);
  await page.press('#arm-stream', 'Enter');
  await page.waitForSelector('.stream[data-state="waiting"]');
  t.equal(await page.inputValue('#arm-stream'), '');
});

t.test('the access token goes with every request, the player’s too', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  const recording = {
    folder: FOLDER,
    mpd_path: `${FOLDER}/manifest.mpd`,
    start_ts: Date.UTC(2026, 10, 22, 10) * 1000,
    end_ts: Date.UTC(2026, 10, 22, 10, 2, 5) * 1000,
    segments: 26,
    bytes: 39_500_000,
  };
  stub.replies.set('GET /api/recorder/streams', async ({ headers }) =>
    headers.authorization === 'Bearer s3cret'
      ? { status: 200, body: [status('idle', { recordings: [recording] })] }
      : { status: 401 },
  );
  await page.goto(stub.url);
  await page.waitForSelector('#notice:visible');
  t.match(await page.textContent('#notice'), 'access token');
  await page.fill('#access-token', 's3cret');
  await page.press('#access-token', 'Enter');
  await page.waitForSelector('.recording');
  t.ok(await page.isHidden('#notice'));
  t.equal(await page.textContent('.recording-facts'), '2:05 · 26 segments · 40 MB');
  t.equal(await page.textContent('.recording-folder'), FOLDER);

  await page.click('.recording-play');
  await page.waitForSelector('.tile .screen-note:has-text("Nothing is recorded here")');
  const asked = stub.requests.filter(({ url }) => url.startsWith('/api/playback/'));
  t.ok(asked.length > 0);
  for (const { url, headers } of asked) {
    t.ok(url.startsWith(`/api/playback/${ENCODED}/manifest.mpd?`), 'the name is encoded once');
    t.equal(headers.authorization, 'Bearer s3cret');
  }
  await page.reload();
  await page.click('nav a[href="./"]');
  await page.waitForSelector('.recording');
  t.pass('the token outlives a reload of the tab');
});

t.test('a token that is not known is told from none, and the right one mends all', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  stub.replies.set('GET /api/recorder/streams', async ({ headers }) =>
    headers.authorization === 'Bearer right'
      ? { status: 200, body: [status('live')] }
      : { status: 401 },
  );
  const use = async (token: string) => {
    if ((await page.getAttribute('#access', 'open')) === null) await page.click('#access summary');
    await page.fill('#access-token', token);
    await page.press('#access-token', 'Enter');
  };
  await page.goto(stub.url);
  await page.waitForSelector('#notice:has-text("wants an access token")');
  await use('wrong');
  await page.waitForSelector('#notice:has-text("does not know this access token")');
  t.equal(await page.getAttribute('#access', 'open'), '', 'where another one can be entered');
  await use('right');
  await page.waitForSelector('.stream');
  t.ok(await page.isHidden('#notice'));
  await use('wrong');
  await page.waitForSelector('#stream-list[data-stale]');
  t.match(await page.textContent('#streams-age'), /What the recorder said at/);
  stub.replies.set(`POST /api/record/${ENCODED}`, { status: 401 });
  await page.click('.stream-toggle');
  await page.waitForSelector('.stream-error:has-text("does not know")');
  await use('right');
  await page.waitForSelector('#notice', { state: 'hidden' });
  t.equal(await page.textContent('.stream-error'), '', 'what the wrong one was refused is over');
  t.equal(await page.getAttribute('#stream-list', 'data-stale'), null);
  t.ok(await page.isHidden('#streams-age'));
});

t.test('a refusal goes with the state that it was given in', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  showStreams(stub, status('live'));
  stub.replies.set(`POST /api/record/${ENCODED}`, { status: 507 });
  await page.goto(stub.url);
  await page.click('.stream-toggle');
  await page.waitForSelector('.stream-error:not(:empty)');
  showStreams(stub, status('recording'));
  await page.waitForSelector('.stream[data-state="recording"]');
  t.equal(await page.textContent('.stream-error'), '');
});

t.test('Play is there once there is a manifest', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  const recording = { folder: FOLDER, start_ts: 1e15, end_ts: 1e15, segments: 1, bytes: 1 };
  showStreams(stub, status('recording', { recordings: [recording] }));
  await page.goto(stub.url);
  await page.waitForSelector('.recording');
  t.ok(await page.isHidden('.recording-play'));
  const mpdPath = `${FOLDER}/manifest.mpd`;
  showStreams(stub, status('recording', { recordings: [{ ...recording, mpd_path: mpdPath }] }));
  const name = new URLSearchParams({ streams: STREAM.replace('%', '%25') });
  const play = page.locator('.recording-play');
  t.equal(await play.getAttribute('href'), `?${name}`, 'what is being recorded is played live');
  showStreams(stub, status('idle', { recordings: [{ ...recording, mpd_path: mpdPath }] }));
  await page.waitForSelector('.stream[data-state="idle"]');
  const start = new Date(1e12).toISOString();
  t.equal(await play.getAttribute('href'), `?${name}&t=${start}`, 'what is over from its start');
});

t.test('a full disk is not said to take nothing beside a stream that is recorded', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  stub.replies.set('GET /api/storage', { status: 200, body: { name: '/r', state: 'full' } });
  showStreams(stub, status('recording'));
  await page.goto(stub.url);
  await page.waitForSelector('#storage[data-state="full"]');
  t.match(await page.textContent('#storage'), 'those that run end as soon as nothing fits');
  showStreams(stub, status('failed', { error: 'the disk is full' }));
  await page.waitForSelector('.stream[data-state="failed"]');
  t.match(await page.textContent('#storage'), 'nothing new is recorded');
});

t.test('how long a stream is live is told by the recorder’s clock', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  const hourAgo = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
  const live = status('live', { published_at: hourAgo - 65_000 });
  const headers = { Date: new Date(hourAgo).toUTCString() };
  stub.replies.set('GET /api/recorder/streams', { status: 200, headers, body: [live] });
  stub.replies.set('GET /api/storage', { status: 200, headers, body: { name: '/r', state: 'ok' } });
  await page.goto(stub.url);
  await page.waitForSelector('.stream');
  t.match(await page.textContent('.stream-facts'), /^live for 1:[0-5]\d$/);
});

t.test('a recorder that is gone is said so, and found again', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  showStreams(stub, status('live'));
  await page.goto(stub.url);
  await page.waitForSelector('.stream');
  await page.context().setOffline(true);
  await page.waitForSelector('#notice:visible');
  t.equal(await page.textContent('#notice'), 'The recorder does not answer.');
  t.ok(await page.isVisible('.stream'), 'what was known stays');
  await page.context().setOffline(false);
  await page.waitForSelector('#notice', { state: 'hidden' });
});

t.test('the page fits a small telephone and asks nothing of other hosts', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  const hosts = new Set<string>();
  page.on('request', (request) => hosts.add(new URL(request.url()).host));
  showStreams(stub, { ...status('waiting'), stream: 'x'.repeat(200) });
  await page.setViewportSize({ width: 360, height: 640 });
  await page.goto(stub.url);
  await page.waitForSelector('.stream');
  t.equal(await page.evaluate('document.documentElement.scrollWidth'), 360);
  t.strictSame([...hosts], [new URL(stub.url).host]);
});

t.test('wall-clock time is read from the Periods of a manifest', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  await page.goto(stub.url);
  const period = (start: string, ticks: number) =>
    `<Period ${start}><AdaptationSet><SegmentTemplate timescale="90000" presentationTimeOffset="${ticks}"/></AdaptationSet></Period>`;
  const mpd = `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">${period('', 90000 * 1_700_000_000)}${period('start="PT1H0M5.5S"', 90000 * 1_700_010_000)}</MPD>`;
  const times = await page.evaluate(
    `import('./src/model/wall-clock.ts').then(({ WallClock }) => {
      const clock = new WallClock();
      const before = clock.at(0);
      clock.read(${JSON.stringify(mpd)});
      return [before, clock.at(0), clock.at(12.5), clock.at(3605.5), clock.at(3606)];
    })`,
  );
  t.strictSame(times, [
    undefined,
    1_700_000_000_000,
    1_700_000_012_500,
    1_700_010_000_000,
    1_700_010_000_500,
  ]);
});
