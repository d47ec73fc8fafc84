import { once } from 'node:events';
import { readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import t from 'tap';
import { recordedApp } from '../playback/recorded-app.ts';
import { videoFrames } from '../publisher/clip.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';
import { until } from '../server/until.ts';

const RANGE = `start=2026-03-04T20:00:01.5%2B08:00&end=${NOON_US + 9_000_000}`;
const URL = `/api/playback/cam1/export.mp4?${RANGE}`;

/** An SEI that makes a picture of the clip as large as those of a camera. */
const FILLER = Buffer.concat([Buffer.from([6]), Buffer.alloc(20_000, 7)]);

/** A minute of 36 MB: more than is read ahead and the buffers of a socket take. */
const largeMinute = (t: Parameters<typeof recordedApp>[0]) => {
  const frames = videoFrames('flash-and-beep.h264').map(({ keyframe, units }) => ({
    keyframe,
    units: [...units.slice(0, -1), FILLER, units.at(-1)!],
  }));
  return recordedApp(t, (publisher) => publisher.run(60), { frames });
};
const LARGE_URL = `/api/playback/cam1/export.mp4?start=${NOON_US}&end=${NOON_US + 59e6}`;

/** Ten seconds in segments of two. */
const tenSeconds = (t: Parameters<typeof recordedApp>[0]) =>
  recordedApp(t, async (publisher) => {
    await publisher.run(10);
  });

t.test('parts of the file are what the whole has there', async (t) => {
  const { app } = await tenSeconds(t);
  const whole = await app.inject(URL);
  t.equal(whole.statusCode, 200);
  t.equal(whole.headers['accept-ranges'], 'bytes');
  t.equal(
    whole.headers['content-disposition'],
    `attachment; filename="cam1_2026-03-04_20-00-01.mp4"; filename*=UTF-8''cam1_2026-03-04_20-00-01.mp4`,
    'local time is that of the offset in start',
  );
  const { etag } = whole.headers as { etag: string };
  const bytes = whole.rawPayload;
  const size = bytes.length;
  for (const [start, end] of [
    [0, 0],
    [0, 99],
    [10, size - 1],
    [size - 1, size - 1],
    [Math.floor(size / 3), Math.floor(size / 2)],
    [1234, 300_000],
  ] as const) {
    const part = await app.inject({
      url: URL,
      headers: { range: `bytes=${start}-${end}`, 'if-range': etag },
    });
    t.equal(part.statusCode, 206);
    t.equal(part.headers['content-range'], `bytes ${start}-${end}/${size}`);
    t.ok(part.rawPayload.equals(bytes.subarray(start, end + 1)), `${start}–${end}`);
  }
  const suffix = await app.inject({ url: URL, headers: { range: 'bytes=-500' } });
  t.ok(suffix.rawPayload.equals(bytes.subarray(-500)));
  const other = await app.inject({
    url: URL,
    headers: { range: 'bytes=5-9', 'if-range': '"other"' },
  });
  t.equal(other.statusCode, 200);
  t.equal((await app.inject({ url: URL, headers: { 'if-none-match': etag } })).statusCode, 304);
  t.equal((await app.inject({ url: URL, headers: { 'if-match': '"other"' } })).statusCode, 412);
  t.equal((await app.inject({ url: URL, headers: { range: `bytes=${size}-` } })).statusCode, 416);
  const head = await app.inject({ method: 'HEAD', url: URL });
  t.equal(Number(head.headers['content-length']), size);
  t.equal(head.headers.etag, etag);
  t.not((await app.inject(URL.replace('01.5', '01.6'))).headers.etag, etag);
});

t.test('what cannot be exported is said, with what to do', async (t) => {
  const { app } = await tenSeconds(t);
  for (const [query, status, message] of [
    [`start=${NOON_US}`, 400, /end/],
    [`start=${NOON_US}&end=${NOON_US}`, 400, /^end: must be later than start/],
    [`start=${NOON_US}&end=${NOON_US + 26 * 3_600_000_000}`, 400, /at most 25 hours/],
    [`start=${NOON_US}&end=${NOON_US + 1e6}&gaps=fill`, 400, /gaps/],
    [
      `start=${NOON_US - 60e6}&end=${NOON_US}`,
      404,
      /nothing is recorded of cam1 between .*11:59:00.000Z/,
    ],
  ] as const) {
    const reply = await app.inject(`/api/playback/cam1/export.mp4?${query}`);
    t.equal(reply.statusCode, status, query);
    t.match(reply.json().message, message);
    t.notOk(reply.headers['content-disposition'], 'an error is not saved as a file');
  }
});

t.test('a damaged or missing file is an error before the first byte', async (t) => {
  const { app, root, publisher } = await tenSeconds(t);
  const video = publisher.of('video').map(({ path }) => path);
  const [audio] = publisher.of('audio').map(({ path }) => path);
  const message = async () => {
    const reply = await app.inject(URL);
    return `${reply.statusCode} ${reply.json().message}`;
  };
  const third = join(root, video[2]!);
  await rename(third, `${third}.away`);
  t.match(await message(), /^409 cam1.*seg_0003.m4s is missing; choose start and end/);
  await rename(`${third}.away`, third);
  await truncate(join(root, audio!), 3000);
  t.match(await message(), /^409 cam1.*audio_seg_0001.m4s has 3000 bytes where \d+ were recorded/);
  const left = await app.inject(
    `/api/playback/cam1/export.mp4?start=${NOON_US + 4_000_000}&end=${NOON_US + 9_000_000}`,
  );
  t.equal(left.statusCode, 200, 'what it is not part of is exported');
  await rm(join(root, publisher.of('video')[0]!.initPath));
  t.match(await message(), /^409 .*is missing/);
  const manifest = join(root, 'cam1/2026/03/04/manifest.mpd');
  const unreadable =
    /^409 the manifest of cam1\/2026\/03\/04 is missing or damaged; choose start and end so that that day/;
  await writeFile(manifest, (await readFile(manifest)).subarray(0, 500));
  t.match(await message(), unreadable);
  await rm(manifest);
  t.match(await message(), unreadable);
});

t.test(
  'a file that vanishes in mid-stream ends the connection, and the log says so once',
  async (t) => {
    const { app, root, publisher, logged } = await largeMinute(t);
    const address = await app.listen({ port: 0 });
    const last = publisher.of('video').findLast(({ startUs }) => startUs < NOON_US + 59e6)!.path;
    const { promise, resolve, reject } = Promise.withResolvers<{
      promised: number;
      came: number;
      error: string;
    }>();
    request(`${address}${LARGE_URL}`, async (response) => {
      // Nothing is read yet, and what was planned changes.
      await rm(join(root, last));
      let came = 0;
      const promised = Number(response.headers['content-length']);
      response.on('data', (data: Buffer) => (came += data.length));
      response.on('error', (error: NodeJS.ErrnoException) =>
        resolve({ promised, came, error: error.code! }),
      );
      response.on('end', () => resolve({ promised, came, error: 'none' }));
    })
      .on('error', reject)
      .end();
    const { promised, came, error } = await promise;
    t.equal(error, 'ECONNRESET');
    t.ok(came < promised, `${came} of ${promised}`);
    const told = logged.filter(({ level }) => level === 'warn' || level === 'error');
    t.equal(told.length, 1);
    t.ok(JSON.stringify(told[0]).includes(`${last} is missing`));
  },
);

t.test('no more than sixteen are downloaded at a time', async (t) => {
  const { app } = await largeMinute(t);
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const begun: IncomingMessage[] = [];
  const begin = async () => {
    const outgoing = request(`${address}${LARGE_URL}`).end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    return response;
  };
  // Their beginnings are not read, so they do not end.
  for (let i = 0; i < 16; i++) begun.push(await begin());
  t.same([...new Set(begun.map(({ statusCode }) => statusCode))], [200]);
  const refused = await begin();
  t.equal(refused.statusCode, 503);
  t.equal(refused.headers['retry-after'], '5');
  refused.resume();
  begun[0]!.destroy();
  await until('another one is let in', async () => {
    const next = await begin();
    next.destroy();
    return next.statusCode === 200;
  });
  for (const response of begun) response.destroy();
});

t.test('what is being downloaded is not deleted meanwhile', async (t) => {
  const { app } = await largeMinute(t);
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const dryRun = async () => {
    const url = `/api/playback/cam1?start=${NOON_US}&end=${NOON_US + 60e6}&dry_run=true`;
    const reply = (await app.inject({ method: 'DELETE', url })).json();
    return { inUse: reply.in_use.length > 0, deleted: reply.deleted.length > 0 };
  };
  t.same(await dryRun(), { inUse: false, deleted: true }, 'nobody reads it');
  const outgoing = request(`${address}${LARGE_URL}`).end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  // It is not read, so it does not end.
  t.same(await dryRun(), { inUse: true, deleted: false }, 'it is in use');
  response.destroy();
  await until('it is not in use any more', async () => (await dryRun()).deleted);
});
