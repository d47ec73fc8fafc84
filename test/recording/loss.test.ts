import { readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { probeSegments } from '../media/probe.ts';
import { readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { videoFrames } from '../publisher/clip.ts';
import { NOON_US, SimulatedPublisher, type Skip } from './simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';

/** Errors and frames of one track of the only Period. */
async function decode(publisher: SimulatedPublisher, kind: 'video' | 'audio') {
  const folder = path.join(publisher.root, FOLDER);
  const mpd = readMpd(await readFile(path.join(folder, 'manifest.mpd'), 'utf8'));
  const set = mpd.periods[0]!.adaptationSets.find(({ contentType }) => contentType === kind)!;
  const files = [set.initialization, ...set.segments.map(({ file }) => file)];
  return probeSegments(files.map((file) => path.join(folder, file)));
}

/** From picture 75 to the keyframe at 120 nothing can be decoded; 600 ms of sound are lost. */
const LOST: Skip = (kind, index) =>
  kind === 'audio' ? index >= 100 && index < 130 : index === 75 || index === 76;

t.test('what losses cost is counted', async (t) => {
  const publisher = new SimulatedPublisher(t);
  const { recording } = publisher;
  await publisher.run(3, LOST);
  await publisher.run(3, LOST);
  t.equal(recording.concealedMs('video'), 1500);
  t.equal(recording.concealedMs('audio'), 600);
  t.match(recording.dropped, { undecodable: 43, total: 43 });
  recording.detach();
  publisher.attach();
  t.equal(recording.concealedMs('video'), 0, 'of this publisher');
  t.equal(recording.concealedMs('audio'), 0);
  await recording.close();
});

t.test('on_loss = "keep" records every picture that came', async (t) => {
  if (!requireFfmpeg(t)) return;
  const publisher = new SimulatedPublisher(t, { recording: { onLoss: 'keep' } });
  await publisher.run(6, LOST);
  t.equal(publisher.recording.concealedMs('video'), 67);
  t.equal(publisher.recording.dropped.total, 0);
  await publisher.recording.close();
  const video = publisher.of('video');
  t.equal(video.at(-1)!.endUs - video[0]!.startUs, Math.round((publisher.frame / 30) * 1e6));
  t.equal((await decode(publisher, 'video')).packetCount, publisher.frame - 2);
});

t.test('discontinuous transmission: what was not sent is silence, and no loss', async (t) => {
  if (!requireFfmpeg(t)) return;
  const publisher = new SimulatedPublisher(t);
  // One packet in 400 ms tells how silence sounds; a second without any is more than encoders do.
  const quiet: Skip = (kind, index) =>
    kind === 'audio' && index >= 50 && index < 250 && (index % 20 !== 0 || index > 180)
      ? 'never sent'
      : false;
  await publisher.run(3, quiet);
  await publisher.run(4, quiet);
  t.equal(publisher.recording.concealedMs('audio'), 0);
  t.same(publisher.recording.missing(), []);
  await publisher.recording.close();
  const audio = publisher.of('audio');
  t.equal(audio[0]!.startUs, NOON_US);
  t.equal(audio.at(-1)!.endUs - NOON_US, publisher.packet * 20_000);
  const { errors, pts } = await decode(publisher, 'audio');
  t.same(errors, []);
  t.equal(pts.length, publisher.packet);
  t.ok(
    pts.every((at, i) => i === 0 || at - pts[i - 1]! === 960),
    'each 20 ms after the other',
  );
});

t.test('a thread that was held up takes what waits in its sockets for no loss', async (t) => {
  const publisher = new SimulatedPublisher(t);
  const { recording } = publisher;
  await publisher.run(3);
  // The picture is read first, then time comes to tick, and the sound is still in the socket.
  publisher.nowUs += 2_900_000;
  const { frame, nowUs } = publisher;
  const { units, keyframe } = videoFrames('flash-and-beep.h264')[frame]!;
  const rtpTimestamp = (4_294_960_000 + frame * 3000) % 2 ** 32;
  const picture = {
    codec: 'h264',
    rtpTimestamp,
    arrivalUs: nowUs,
    keyframe,
    discontinuity: false,
    parts: units,
  };
  recording.accept('video', picture);
  recording.tick();
  t.equal(recording.concealedMs('audio'), 0);
  publisher.nowUs += 600_000;
  recording.accept('video', { ...picture, rtpTimestamp: rtpTimestamp + 3000, arrivalUs: nowUs });
  recording.tick();
  t.ok(recording.concealedMs('audio') > 1000, 'but what does not come then is lost');
  await recording.close();
});
