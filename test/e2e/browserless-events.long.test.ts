import t from 'tap';
import { requireFfmpeg } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { segmentPage } from '../server/recorder-client.ts';
import { type RecorderProcess, startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';
import { Receiver } from '../webhooks/receiver.ts';

const SECRET = `whsec_${Buffer.alloc(32, 'secret of the test').toString('base64')}`;

/** Longer than a recorder waits for media before it ends a Period. */
const SILENCE_MS = 6000;

interface Data {
  record?: string;
  path?: string;
  status?: string;
  reason?: string;
  start_ts: number;
  end_ts: number;
}

t.test('what is recorded over a pause and kill -9 reaches a webhook that was down', async (t) => {
  if (!requireFfmpeg(t)) return;
  const receiver = await Receiver.down(SECRET);
  t.teardown(() => receiver.stop());
  const configToml = [
    '[webrtc]',
    'ice_udp_addrs = ["127.0.0.1"]',
    '[recorder]',
    'auto_streams = ["*"]',
    'segment_seconds = 1',
    '[[recorder.webhooks]]',
    `url = "${receiver.url}"`,
    'events = ["recording.*", "segment.stored"]',
    `secret = "${SECRET}"`,
    '[recorder.storage]',
    'type = "fs"',
    'root = "{root}"',
  ].join('\n');
  const publish = async ({ url }: RecorderProcess) => {
    const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/cam1` });
    t.teardown(() => publisher.vanish());
    publisher.start();
    return publisher;
  };
  const rows = async (url: string) => (await segmentPage(url, { limit: 1000 })).segments;

  const first = await startRecorder(t, { configToml });
  const cut = await publish(first);
  await until('three seconds', () => cut.sent.videoFrames >= 90);
  cut.pause();
  const pausedMs = performance.now();
  await until('a silence that ends the Period', () => performance.now() - pausedMs > SILENCE_MS);
  cut.resume();
  const known = (await rows(first.url)).length;
  await until('segments after the pause', async () => (await rows(first.url)).length >= known + 4);
  await first.kill();
  cut.vanish();
  t.equal(receiver.requests, 0);

  await receiver.start();
  const second = await startRecorder(t, { configToml, root: first.root });
  const again = await publish(second);
  await until('two seconds more', () => again.sent.videoFrames >= 60);
  await again.stop();
  const listed = await rows(second.url);
  const eventsOf = (type: string) =>
    receiver.accepted.filter((event) => event.type === type) as unknown as { data: Data }[];
  await until('the end of the second record', () => eventsOf('recording.ended').length >= 2);
  t.equal(await second.stop(), 0);

  const ids = receiver.accepted.map(({ id }) => id);
  t.strictSame(ids, [...ids].sort(), 'in order, across the restart');
  t.equal(receiver.accepted[0]!.type, 'recording.started');
  const started = eventsOf('recording.started').map(({ data }) => data.record);
  t.equal(started.length, 2);
  const ended = eventsOf('recording.ended').map(({ data }) => data);
  t.strictSame(
    ended.map(({ record }) => record),
    started,
    'also the one that the kill left open',
  );
  t.ok(ended.every(({ start_ts, end_ts }) => end_ts > start_ts));
  const told = new Set(eventsOf('segment.stored').map(({ data }) => data.path));
  t.strictSame(
    listed.map(({ path }) => path).filter((path) => !told.has(path)),
    [],
    'every row of the index has its event',
  );
  const [gap] = eventsOf('recording.gap');
  t.match(gap?.data, { record: started[0], reason: String });
  t.ok(gap!.data.end_ts - gap!.data.start_ts > 500_000, 'the pause');
});
