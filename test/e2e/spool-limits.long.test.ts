import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { smallDisk } from '../files/small-disk.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { OSS_KEYS, ossStorage } from '../server/bucket-storage.ts';
import { play } from '../server/play.ts';
import { recordStatus, segmentPage, storageState } from '../server/recorder-client.ts';
import { type RecorderProcessOptions, startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';
import { startFaultProxy } from '../storage/servers/fault-proxy.ts';
import { startOssServer } from '../storage/servers/oss-server.ts';
import { filesBelow } from '../storage/spool/spool-fixture.ts';

// They wait for media and for each other's servers, not for the processor.
t.jobs = 2;

const AWAY = () => ({ status: 503, code: 'ServiceUnavailable' });

/** A recorder before a bucket that can go away. */
async function startWith(
  t: Test,
  storage: Record<string, string | string[]>,
  options: RecorderProcessOptions = {},
) {
  const server = await startOssServer(t, { keys: OSS_KEYS, buckets: ['recordings'] });
  const proxy = await startFaultProxy(t, server.port);
  const recorder = await startRecorder(t, { ...options, storage: ossStorage(proxy.port, storage) });
  const { url } = recorder;
  const publish = async (stream: string) => {
    const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/${stream}` });
    t.teardown(() => publisher.vanish());
    publisher.start();
    return publisher;
  };
  return { ...recorder, server, proxy, publish };
}

t.test('a full spool takes nothing new, and goes on by itself', async (t) => {
  const { url, proxy, publish } = await startWith(t, { spool_max: '60kB' });
  proxy.fault = AWAY;
  const publisher = await publish('running');
  const full = await until('the spool is full', async () => {
    const state = await storageState(url);
    return state.state === 'full' && state;
  });
  t.ok(full.waiting_bytes >= 60_000);
  const refused = await fetch(`${url}/api/record/other`, { method: 'POST' });
  t.equal(refused.status, 507);
  t.match(
    ((await refused.json()) as { message: string }).message,
    /^too much data waits for upload/,
  );
  const again = await fetch(`${url}/api/record/running`, { method: 'POST' });
  t.equal(again.status, 200, 'what runs is told as ever');
  const late = await publish('late');
  const status = await until('its state says so', async () => {
    const status = await recordStatus(url, 'late');
    return status.state === 'failed' && status;
  });
  t.match(status, { recording: false, error: /^too much data waits for upload/ });
  const frames = publisher.sent.videoFrames;
  await until('another two seconds', () => publisher.sent.videoFrames >= frames + 60);
  t.match(await recordStatus(url, 'running'), { recording: true, state: 'recording' });

  proxy.fault = () => undefined;
  await until('the late one is recorded', async () => {
    return (await recordStatus(url, 'late')).state === 'recording';
  });
  t.equal((await storageState(url)).dropped_files, 0);
  const rest = await fetch(`${url}/api/record/other`, { method: 'POST' });
  t.equal(rest.status, 200);
  await Promise.all([publisher.stop(), late.stop()]);
});

t.test('a full spool drops the oldest of the streams that may be lost', async (t) => {
  const { url, server, proxy, publish } = await startWith(t, {
    spool_max: '150kB',
    spool_full: 'drop_oldest',
    spool_drop_streams: ['test-*'],
  });
  proxy.fault = AWAY;
  const publishers = [await publish('test-1'), await publish('cam')];
  const seen = new Map<string, string>();
  const look = async () => {
    const { segments } = await segmentPage(url, { limit: 1000 });
    for (const { path, stream } of segments) seen.set(path, stream);
    return segments;
  };
  await until('some that were listed are dropped', async () => {
    const before = seen.size;
    const segments = await look();
    return seen.size === before && segments.length < seen.size;
  });
  t.ok((await storageState(url)).dropped_files > 0);
  proxy.fault = () => undefined;
  await Promise.all(publishers.map((publisher) => publisher.stop()));
  await until('the rest is uploaded', async () => (await storageState(url)).waiting_files === 0);
  const segments = await look();
  const stored = [...server.objects.keys()].map((place) =>
    place.slice('recordings/node 1/'.length),
  );
  t.same(
    stored.filter((key) => key.includes('seg_')).sort(),
    segments.map((row) => row.path).sort(),
    'the index lists what there is',
  );
  const lost = [...seen].filter(([key]) => !segments.some((row) => row.path === key));
  t.ok(lost.length > 0, `${lost.length} that were listed are gone`);
  t.same(new Set(lost.map(([, stream]) => stream)), new Set(['test-1']), 'and none of others');
});

t.test('a bucket that hangs keeps nobody from stopping', async (t) => {
  const { url, root, proxy, publish, stop } = await startWith(t, {});
  proxy.fault = () => 'silence';
  const publisher = await publish('cam');
  await until('two segments', async () => {
    return (await segmentPage(url, { limit: 10 })).segments.length >= 2;
  });
  t.equal(await stop(), 0);
  publisher.vanish();
  t.ok(
    filesBelow(root).some((key) => key.endsWith('manifest.mpd')),
    'what waits stays here',
  );
});

t.test('the disk of the spool is full', async (t) => {
  if (!requireFfmpeg(t)) return;
  const disk = smallDisk(t, '3m');
  if (disk === undefined) return;
  const { url, proxy, publish, stop } = await startWith(t, {}, { root: disk });
  proxy.fault = AWAY;
  const publisher = await publish('cam');
  await until('a segment', async () => (await segmentPage(url, { limit: 1 })).segments.length > 0);
  const filler = path.join(disk, '.filler');
  for (let size = 3 << 20; size >= 4096; size /= 2) {
    try {
      writeFileSync(filler, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // As much as there was room for.
    }
  }
  const status = await until('the recording is interrupted', async () => {
    const status = await recordStatus(url, 'cam');
    return status.state === 'failed' && status;
  });
  t.match(status.error, 'ENOSPC');
  t.equal((await storageState(url)).state, 'full');
  rmSync(filler);
  await until('it goes on', async () => (await recordStatus(url, 'cam')).state === 'recording');
  const frames = publisher.sent.videoFrames;
  await until('three seconds more', () => publisher.sent.videoFrames >= frames + 90);
  proxy.fault = () => undefined;
  await publisher.stop();
  await until('all is uploaded', async () => (await storageState(url)).waiting_files === 0);
  const { segments } = await segmentPage(url, { limit: 1000 });
  const played = await play(url, `${path.dirname(segments[0]!.path)}/manifest.mpd`);
  t.equal(played.mpd.type, 'static');
  t.same(played.segments.toSorted(), segments.map((row) => path.basename(row.path)).sort());
  for (const media of played.media) t.same(media.errors, []);
  t.equal(await stop(), 0);
});
