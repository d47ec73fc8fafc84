import { basename } from 'node:path';
import t from 'tap';
import { probeSegments } from '../media/probe.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { WhipPublisher, type WhipPublisherOptions } from '../publisher/whip-publisher.ts';
import { readDayFolder } from '../server/day-folder.ts';
import { recordStatus } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

/** The death of a publisher is noticed within this, ms. */
const DEATH_NOTICED_MS = 10_000;
const FRAMES = 150;

t.test('what may happen to a publisher', { jobs: 4 }, async (t) => {
  if (!requireFfmpeg(t)) return;
  const { url, root } = await startRecorder(t);
  const publish = async (stream: string, options: Partial<WhipPublisherOptions> = {}) => {
    const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/${stream}`, ...options });
    t.teardown(() => publisher.vanish());
    publisher.start();
    return publisher;
  };

  for (const [stream, rtx] of Object.entries({ 'lossy-rtx': true, 'lossy-plain': false })) {
    t.test(`${stream}: what is lost on the way is asked for again`, async (t) => {
      const drop: WhipPublisherOptions['drop'] = ({ kind, index }) =>
        kind === 'video' && index > 0 && index % 17 < 2;
      const publisher = await publish(stream, { rtx, drop });
      await until('five seconds', () => publisher.sent.videoFrames >= FRAMES);
      publisher.pause();
      const { sent } = publisher;
      const video = async () => {
        const { tracks } = await recordStatus(url, stream);
        return tracks.find((track) => track.kind === 'video')!;
      };
      // A loss at the very end shows in no later packet, so nobody can ask for it.
      await until('what was asked for', async () => {
        return (await video()).packets_received >= sent.videoPackets - 2;
      });
      t.ok(sent.droppedPackets > 10, `${sent.droppedPackets} packets were lost`);
      t.ok((await video()).packets_recovered >= sent.droppedPackets - 2, 'and recovered');
      t.equal((await video()).packets_lost, 0);
      await publisher.stop();
      const { periods } = await readDayFolder(root, stream);
      t.equal(periods.length, 1);
      const { init, segments } = periods[0]!.video!;
      const probed = await probeSegments([init, ...segments]);
      t.same(probed.errors, []);
      t.ok(probed.frameCount >= sent.videoFrames - 1, `${probed.frameCount} pictures decode`);
    });
  }

  t.test('another resolution begins another period', async (t) => {
    const publisher = await publish('switches');
    await until('three seconds', () => publisher.sent.videoFrames >= 90);
    publisher.switchVideo('moving-640x360.h264');
    await until('three seconds more', () => publisher.sent.videoFrames >= 180);
    await publisher.stop();
    const { periods, mpd } = await readDayFolder(root, 'switches');
    t.equal(periods.length, 2);
    const [one, two] = periods;
    t.match(one!.video!.described, { width: 320, height: 180 });
    t.match(two!.video!.described, { width: 640, height: 360 });
    t.equal(basename(one!.video!.init), 'init.m4s');
    t.equal(basename(two!.video!.init), 'init_2.m4s');
    let pictures = 0;
    for (const [width, { video }] of [
      [320, one!],
      [640, two!],
    ] as const) {
      const probed = await probeSegments([video!.init, ...video!.segments]);
      t.same(probed.errors, []);
      t.equal(probed.streams[0]!.width, width);
      pictures += probed.frameCount;
    }
    t.equal(pictures, publisher.sent.videoFrames, 'no picture is lost at the change');
    const numbers = mpd.periods.flatMap((period) =>
      period.adaptationSets
        .filter((set) => set.contentType === 'video')
        .flatMap((set) => set.segments.map(({ number }) => number)),
    );
    t.same(
      numbers,
      numbers.map((_, i) => i + 1),
      'numbers go on',
    );
  });

  t.test('a publisher that is gone without a word', async (t) => {
    const publisher = await publish('vanishes');
    await until('three seconds', () => publisher.sent.videoFrames >= 90);
    publisher.vanish();
    const goneAt = performance.now();
    await until('its death is noticed', async () => {
      return (await recordStatus(url, 'vanishes')).session_id === undefined;
    });
    t.ok(performance.now() - goneAt < DEATH_NOTICED_MS, 'within 10 s');

    const again = await publish('vanishes');
    await until('a second', () => again.sent.videoFrames >= 30);
    await again.stop();
    const { periods, mpd } = await readDayFolder(root, 'vanishes');
    t.equal(mpd.type, 'static');
    t.equal(periods.length, 2, 'it may come back');
    for (const [i, { sent }] of [publisher, again].entries()) {
      const { init, segments } = periods[i]!.video!;
      const probed = await probeSegments([init, ...segments]);
      t.same(probed.errors, []);
      t.equal(probed.frameCount, sent.videoFrames, 'all that was sent is there');
    }
  });
});
