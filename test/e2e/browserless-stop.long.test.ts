import { basename } from 'node:path';
import t from 'tap';
import { probeSegments } from '../media/probe.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { mediaHashes, readDayFolder } from '../server/day-folder.ts';
import { recordStatus, type SegmentRow, segmentPage } from '../server/recorder-client.ts';
import { type RecorderProcess, startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

const GRACEFUL_STOP_MS = 10_000;

t.test('a stop in the middle of a recording, and a start after it', async (t) => {
  if (!requireFfmpeg(t)) return;
  const publish = async ({ url }: RecorderProcess) => {
    const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/cam` });
    t.teardown(() => publisher.vanish());
    publisher.start();
    return publisher;
  };
  const first = await startRecorder(t);
  const cut = await publish(first);
  await until('five seconds', () => cut.sent.videoFrames >= 150);
  const framesBefore = cut.sent.videoFrames;
  // What is still in the socket of a busy recorder when the signal comes was not received.
  await until('they have arrived', async () => {
    const { tracks } = await recordStatus(first.url, 'cam');
    return (tracks.find(({ kind }) => kind === 'video')?.access_units ?? 0) >= framesBefore;
  });
  const askedAt = performance.now();
  t.equal(await first.stop('SIGTERM'), 0, 'ends with code 0');
  t.ok(performance.now() - askedAt < GRACEFUL_STOP_MS, 'within 10 s');
  cut.vanish();

  const stopped = await readDayFolder(first.root, 'cam');
  t.equal(stopped.mpd.type, 'static');
  t.equal(stopped.periods.length, 1);
  const { video } = stopped.periods[0]!;
  const probed = await probeSegments([video!.init, ...video!.segments]);
  t.same(probed.errors, []);
  t.ok(
    probed.frameCount >= framesBefore - 2,
    `${probed.frameCount} of the ${framesBefore} pictures that were sent before are there`,
  );
  const hashes = await mediaHashes(stopped.path);

  const second = await startRecorder(t, { root: first.root });
  const known = await rows(second);
  t.same(known.map((row) => basename(row.path)).sort(), segmentNames(stopped.names));
  const resumed = await publish(second);
  await until('three seconds', () => resumed.sent.videoFrames >= 90);
  await resumed.stop();

  const after = await readDayFolder(second.root, 'cam');
  t.equal(after.path, stopped.path);
  t.equal(after.periods.length, 2);
  const now = await mediaHashes(after.path);
  for (const [name, hash] of hashes) t.equal(now.get(name), hash, `${name} is as it was`);
  for (const kind of ['video', 'audio'] as const) {
    const names = after.periods.flatMap((period) => period[kind]!.segments).map((p) => basename(p));
    const numbers = names.map((name) => Number(/_(\d+)\.m4s$/.exec(name)![1]));
    t.same(
      numbers,
      numbers.map((_, i) => i + 1),
      `${kind} numbers go on`,
    );
  }
  const later = await rows(second, known.at(-1)!.created_at);
  t.same(
    [...known, ...later].map((row) => basename(row.path)).sort(),
    segmentNames(after.names),
    'a poller that goes on with its cursor sees each segment once',
  );
  t.equal(await second.stop('SIGINT'), 0, 'SIGINT ends it as well');
});

async function rows({ url }: RecorderProcess, since = 0): Promise<SegmentRow[]> {
  return (await segmentPage(url, { since_ts: since, limit: 1000 })).segments;
}

function segmentNames(names: string[]): string[] {
  return names.filter((name) => name.includes('seg_'));
}
