import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Test } from 'tap';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { objectAddress, play } from '../server/play.ts';
import { getJson, segmentPage, storageState } from '../server/recorder-client.ts';
import { type RecorderProcessOptions, startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';
import type { FaultProxy } from '../storage/servers/fault-proxy.ts';

/** A bucket as a test sees it from behind. */
export interface Bucket {
  /** `[recorder.storage]` that leads to it by way of the proxy. */
  storage: NonNullable<RecorderProcessOptions['storage']>;
  proxy: FaultProxy;
  /** Everything below the configured root, by key. */
  objects(): Map<string, Buffer>;
  /** Texts that may show nowhere. */
  secrets: string[];
}

/**
 * What happens to a recorder and its bucket in a bad week: the bucket is away, the recorder is killed
 * meanwhile, and later its disk is lost with spool and index.
 */
export async function bucketScenario(t: Test, bucket: Bucket): Promise<void> {
  const { storage, proxy } = bucket;
  const shown: string[] = [];
  const run = async (options: RecorderProcessOptions = {}) => {
    const recorder = await startRecorder(t, { storage, ...options });
    t.teardown(() => shown.push(...recorder.log()));
    return recorder;
  };
  const publish = async (url: string) => {
    const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/cam%201` });
    t.teardown(() => publisher.vanish());
    publisher.start();
    return publisher;
  };
  const rows = async (url: string) => (await segmentPage(url, { limit: 1000 })).segments;
  const drained = (url: string) =>
    until('everything is in the bucket', async () => {
      const state = await storageState(url);
      return state.waiting_files === 0 && state;
    });
  const say = async (url: string, call: string) =>
    shown.push(await (await fetch(url + call)).text());

  const first = await run();
  const cut = await publish(first.url);
  await until('a segment is uploaded', async () => {
    return (await rows(first.url)).some(({ uploaded }) => uploaded);
  });
  await until('a manifest is', () => {
    return [...bucket.objects().keys()].some((key) => key.endsWith('.mpd'));
  });

  await t.test('away, nothing is lost, and everything can be read', async (t) => {
    proxy.fault = () => ({ status: 503, code: 'SlowDown' });
    const waiting = await until('two segments wait', async () => {
      const waiting = (await rows(first.url)).filter(({ uploaded }) => !uploaded);
      return waiting.length >= 2 && waiting;
    });
    const state = await until('it is noticed', async () => {
      const state = await storageState(first.url);
      return state.state !== 'ok' && state;
    });
    t.match(state, { type: storage.type, state: 'delayed', last_error: { code: 'SlowDown' } });
    t.ok(state.waiting_files >= 2 && state.oldest_waiting! > 0);
    await say(first.url, '/api/storage');
    const part = await fetch(objectAddress(first.url, waiting[0]!.path), {
      headers: { range: 'bytes=4-7' },
    });
    t.equal(part.status, 206, 'what waits is read from the spool');
    const local = await readFile(path.join(first.root, waiting[0]!.path));
    t.ok(local.subarray(4, 8).equals(Buffer.from(await part.arrayBuffer())));
    const stored = (await rows(first.url)).find(({ uploaded }) => uploaded)!;
    const reply = await fetch(objectAddress(first.url, stored.path));
    t.ok([200, 503].includes(reply.status), 'what is in the bucket cannot be, and that is said');
    shown.push(await reply.text());
  });
  const killed = await rows(first.url);
  await first.kill();
  cut.vanish();

  const second = await run({ root: first.root, flags: ['--offline'] });
  t.strictSame(
    (await rows(second.url)).slice(0, killed.length).map(({ path, uploaded }) => [path, uploaded]),
    killed.map(({ path }) => [path, !existsSync(`${first.root}/${path}`)]),
    'the index knows what waits',
  );
  const resumed = await publish(second.url);
  await until('three seconds', () => resumed.sent.videoFrames >= 90);
  proxy.fault = () => undefined;
  await until('it is noticed', async () => (await storageState(second.url)).state === 'ok', 60_000);
  await resumed.stop();
  const state = await drained(second.url);
  t.match(state, { state: 'ok', parked_files: 0 });
  const listed = await rows(second.url);
  t.ok(listed.every(({ uploaded }) => uploaded));

  await t.test('the bucket has what the index lists, and it plays', async (t) => {
    const objects = bucket.objects();
    for (const { path, size } of listed) t.equal(objects.get(path)?.length, size, path);
    const inBucket = [...objects.keys()].filter((key) => key.includes('seg_'));
    t.same(inBucket.sort(), listed.map((row) => row.path).sort());
    const mpdPath = `${path.dirname(listed[0]!.path)}/manifest.mpd`;
    const records = await getJson<{ mpd_path: string; duration_ms: number }[]>(
      `${second.url}/api/playback/cam%201`,
    );
    t.ok(records.length >= 2 && records.every((record) => record.mpd_path === mpdPath));
    t.ok(
      records.every((record) => record.duration_ms > 0),
      'records know how long they are',
    );
    t.same(localSegments(first.root, listed), [], 'and has left the disk');
    const played = await play(second.url, mpdPath);
    t.equal(played.mpd.type, 'static');
    t.equal(played.mpd.periods.length, 2);
    t.same(played.segments.toSorted(), listed.map((row) => path.basename(row.path)).sort());
    for (const media of played.media) t.same(media.errors, []);
  });

  await t.test('a range of what is in the bucket alone is shown to players', async (t) => {
    const below = `${second.url}/api/playback/cam%201`;
    const manifest = await (await fetch(`${below}/manifest.mpd?start=0`)).text();
    t.equal(manifest.match(/<Period /g)?.length, 2);
    const playlists = await Promise.all(
      ['video', 'audio'].map(async (kind) => {
        const reply = await fetch(`${below}/${kind}.m3u8?start=0`);
        return { text: await reply.text(), url: reply.url };
      }),
    );
    const segments = playlists.flatMap(({ text, url }) =>
      text.split('\n').flatMap((line) => (/^[^#]/.test(line) ? new URL(line, url).href : [])),
    );
    t.equal(segments.length, listed.length);
    const bytes = await (await fetch(segments[0]!)).bytes();
    t.equal(bytes.length, listed.find(({ path }) => path.endsWith('/seg_0001.m4s'))!.size);
  });

  await t.test('objects of the bucket are read as those of a disk', async (t) => {
    const { path: key } = listed[0]!;
    const address = objectAddress(second.url, key);
    const data = bucket.objects().get(key)!;
    const get = (headers: Record<string, string>, method = 'GET') =>
      fetch(address, { method, headers });
    const whole = await get({});
    t.ok(data.equals(Buffer.from(await whole.arrayBuffer())));
    const etag = whole.headers.get('etag')!;
    t.match(Object.fromEntries(whole.headers), {
      'content-type': key.includes('audio') ? 'audio/mp4' : 'video/mp4',
      'content-length': String(data.length),
      'accept-ranges': 'bytes',
      'cache-control': 'private, max-age=86400, immutable',
    });
    for (const [range, start, end] of [
      ['bytes=0-9', 0, 10],
      ['bytes=100-', 100, data.length],
      ['bytes=-10', data.length - 10, data.length],
      [`bytes=0-${data.length + 5}`, 0, data.length],
    ] as const) {
      const part = await get({ range });
      t.equal(part.status, 206, range);
      t.equal(part.headers.get('content-range'), `bytes ${start}-${end - 1}/${data.length}`);
      t.ok(data.subarray(start, end).equals(Buffer.from(await part.arrayBuffer())), range);
    }
    const beyond = await get({ range: `bytes=${data.length}-` });
    t.equal(beyond.status, 416);
    t.equal(beyond.headers.get('content-range'), `bytes */${data.length}`);
    t.equal((await get({ 'if-none-match': etag })).status, 304);
    t.equal((await get({ 'if-match': '"other"' })).status, 412);
    t.equal((await get({ 'if-range': '"other"', range: 'bytes=0-1' })).status, 200);
    const head = await get({}, 'HEAD');
    t.equal(head.status, 200);
    t.equal(head.headers.get('content-length'), String(data.length));
    t.equal((await fetch(objectAddress(second.url, 'cam 1/2026/01/01/seg_0001.m4s'))).status, 404);
    proxy.fault = () => ({ status: 403, code: 'AccessDenied' });
    const denied = await get({});
    t.equal(denied.status, 502);
    shown.push(await denied.text());
    proxy.fault = () => undefined;
  });
  t.equal(await second.stop(), 0);

  await t.test('with the disk lost, no name is taken twice', async (t) => {
    const before = bucket.objects();
    await rm(first.root, { recursive: true });
    const third = await run({ root: first.root, playback: { signed_redirect: true } });
    const again = await publish(third.url);
    await until('three seconds', () => again.sent.videoFrames >= 90);
    await again.stop();
    await drained(third.url);
    const after = bucket.objects();
    for (const [key, data] of before) {
      if (!key.endsWith('.mpd') && hash(after.get(key)!) !== hash(data)) t.fail(`${key} changed`);
    }
    const all = await until('the index has what it had before', async () => {
      const all = await rows(third.url);
      return listed.every(({ path }) => all.some((row) => row.path === path)) && all;
    });
    t.ok(all.every(({ uploaded }) => uploaded));
    const fresh = all.filter((row) => !before.has(row.path));
    t.equal(fresh.length, all.length - listed.length);
    t.ok(fresh.length >= 2);
    const manifest = [...after.keys()].find((key) => key.endsWith('.mpd'))!;
    const redirect = await fetch(objectAddress(third.url, fresh[0]!.path), { redirect: 'manual' });
    t.equal(redirect.status, 307);
    const signed = await fetch(redirect.headers.get('location')!);
    t.ok(after.get(fresh[0]!.path)!.equals(Buffer.from(await signed.arrayBuffer())));
    const played = await play(third.url, manifest);
    t.equal(played.mpd.periods.length, 3, 'the manifest goes on from the one in the bucket');
    t.equal(played.segments.length, listed.length + fresh.length);
    for (const media of played.media) t.same(media.errors, []);
    t.equal(await third.stop(), 0);
  });

  shown.push(...first.log(), ...second.log());
  const text = shown.join('\n');
  t.match(text, 'SlowDown', 'what was shown holds the failures');
  for (const secret of bucket.secrets) {
    for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]) {
      t.notOk(text.includes(form), 'no secret is shown');
    }
  }
}

function localSegments(root: string, listed: { path: string }[]): string[] {
  return listed.map((row) => row.path).filter((key) => existsSync(path.join(root, key)));
}

function hash(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
