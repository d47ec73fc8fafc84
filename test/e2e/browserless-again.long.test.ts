import { basename, dirname } from 'node:path';
import t from 'tap';
import { probeSegments } from '../media/probe.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { mediaHashes, readDayFolder } from '../server/day-folder.ts';
import { segmentPage } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

t.test('a publisher that comes back the same day, beside one that stays', async (t) => {
  if (!requireFfmpeg(t)) return;
  const { url, root } = await startRecorder(t);
  const publish = async (stream: string) => {
    const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/${stream}` });
    t.teardown(() => publisher.vanish());
    publisher.start();
    return publisher;
  };
  const stays = await publish('stays');
  const first = await publish('leaves');
  await t.rejects(
    WhipPublisher.connect({ whipUrl: `${url}/whip/leaves` }),
    /: 409 .*publisher/,
    'a stream has one publisher',
  );
  await until('five seconds', () => first.sent.videoFrames >= 150);
  await first.stop();
  const before = await readDayFolder(root, 'leaves');
  const hashes = await mediaHashes(before.path);
  t.equal(before.mpd.type, 'static');
  t.equal(before.periods.length, 1);

  const second = await publish('leaves');
  await until('five seconds more', () => second.sent.videoFrames >= 150);
  await second.stop();
  await stays.stop();

  const after = await readDayFolder(root, 'leaves');
  t.equal(after.path, before.path);
  const now = await mediaHashes(after.path);
  t.ok(now.size > hashes.size);
  for (const [name, hash] of hashes) t.equal(now.get(name), hash, `${name} is as it was`);

  t.equal(after.mpd.type, 'static');
  t.equal(after.periods.length, 2, 'two periods');
  for (const kind of ['video', 'audio'] as const) {
    const [one, two] = after.periods.map((period) => period[kind]!);
    const names = [...one!.segments, ...two!.segments].map((path) => basename(path));
    const prefix = kind === 'video' ? 'seg' : 'audio_seg';
    t.same(
      names,
      names.map((_, i) => `${prefix}_${String(i + 1).padStart(4, '0')}.m4s`),
      `${kind} numbers go on`,
    );
    const { segments, timescale } = one!.described;
    const end = segments.at(-1)!.time + segments.at(-1)!.duration;
    const start = two!.described.segments[0]!.time;
    t.ok(start >= end, `${kind} goes on ${(start - end) / timescale} s later`);
    for (const [track, { sent }] of [
      [one!, first],
      [two!, second],
    ] as const) {
      const probed = await probeSegments([track.init, ...track.segments]);
      t.same(probed.errors, []);
      const expected = kind === 'video' ? sent.videoFrames : sent.audioPackets;
      t.ok(
        Math.abs(probed.frameCount - expected) <= (kind === 'video' ? 0 : 1),
        `${probed.frameCount} of ${expected} ${kind} frames decode`,
      );
    }
  }

  const other = await readDayFolder(root, 'stays');
  t.equal(other.periods.length, 1, 'the other stream ran on');
  const { video } = other.periods[0]!;
  const probed = await probeSegments([video!.init, ...video!.segments]);
  t.equal(probed.frameCount, stays.sent.videoFrames);

  const { segments } = await segmentPage(url, { stream: 'leaves', limit: 1000 });
  const files = after.names.filter((name) => name.includes('seg_'));
  t.same(segments.map((row) => basename(row.path)).sort(), files, 'the index has all of them');
  t.ok(segments.every((row) => after.path.endsWith(dirname(row.path))));
});
