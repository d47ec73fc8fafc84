import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { avOffsets } from './av-offset.ts';
import { decodeBeeps } from './beeps.ts';
import { decodeFlashes, decodePictures } from './flashes.ts';
import { fragmentedClip } from './fragmented-clip.ts';
import { probeSegment, probeSegments } from './probe.ts';
import { requireFfmpeg, runTool } from './tool.ts';

const START = 1_753_315_200;
const MS = 0.001;

t.test('a clip whose times are known', async (t) => {
  if (!requireFfmpeg(t)) return;
  const folder = t.testdir();
  const video = await fragmentedClip({ folder, kind: 'video', seconds: 6, startSeconds: START });
  const audio = await fragmentedClip({ folder, kind: 'audio', seconds: 6, startSeconds: START });
  t.equal(video.length, 4, 'three segments of 2 s');

  const flashes = await decodeFlashes(video);
  t.same(
    flashes.map((time) => time - START),
    [0.5, 1.5, 2.5, 3.5, 4.5, 5.5],
  );
  const beeps = await decodeBeeps(audio);
  t.equal(beeps.length, 6);
  for (const [i, beep] of beeps.entries()) {
    const error = (beep - START - i - 0.5) / MS;
    t.ok(Math.abs(error) < 0.1, `beep ${i} is measured with an error of ${error.toFixed(3)} ms`);
  }
  const offsets = avOffsets(flashes, beeps);
  t.equal(offsets.length, 6);
  t.ok(offsets.every(({ offsetMs }) => Math.abs(offsetMs) < 0.1));
});

t.test('segments that are not the first keep their time', async (t) => {
  if (!requireFfmpeg(t)) return;
  const folder = t.testdir();
  const [videoInit, , , ...video] = await fragmentedClip({
    folder,
    kind: 'video',
    seconds: 6,
    startSeconds: START,
  });
  const [audioInit, , , ...audio] = await fragmentedClip({
    folder,
    kind: 'audio',
    seconds: 6,
    startSeconds: START,
  });
  const flashes = await decodeFlashes([videoInit!, ...video]);
  t.same(
    flashes.map((time) => time - START),
    [4.5, 5.5],
  );
  const beeps = await decodeBeeps([audioInit!, ...audio]);
  t.same(
    beeps.map((time) => Math.round((time - START) / MS)),
    [4500, 5500],
  );
});

t.test('a hole between segments is seen in the times after it', async (t) => {
  if (!requireFfmpeg(t)) return;
  const folder = t.testdir();
  const [init, first, , third] = await fragmentedClip({
    folder,
    kind: 'audio',
    seconds: 6,
    startSeconds: START,
  });
  const beeps = await decodeBeeps([init!, first!, third!]);
  t.same(
    beeps.map((time) => Math.round((time - START) / MS)),
    [500, 1500, 4500, 5500],
  );
});

for (const shiftMs of [150, -40, 21]) {
  t.test(`sound that is shifted by ${shiftMs} ms is measured so`, async (t) => {
    if (!requireFfmpeg(t)) return;
    const folder = t.testdir();
    const video = await fragmentedClip({ folder, kind: 'video', seconds: 4, startSeconds: START });
    const audio = await fragmentedClip({
      folder,
      kind: 'audio',
      seconds: 4,
      startSeconds: START,
      shiftMs,
    });
    const offsets = avOffsets(await decodeFlashes(video), await decodeBeeps(audio));
    t.equal(offsets.length, 4);
    for (const { offsetMs } of offsets) {
      t.ok(Math.abs(offsetMs - shiftMs) < 0.1, `measured as ${offsetMs.toFixed(3)} ms`);
    }
  });
}

t.test('flashes and beeps that do not pair', async (t) => {
  t.throws(() => avOffsets([1, 2], []), /no beep/);
  t.throws(() => avOffsets([1.5, 2.5, 3.5], [1.5, 3.5]), /no beep near the flash at 2.5 s/);
  t.same(avOffsets([0.5, 1.5], [1.5]), [{ time: 1.5, offsetMs: 0 }], 'outside the beeps');
});

t.test('pictures at uneven distances, as cameras take them', async (t) => {
  if (!requireFfmpeg(t)) return;
  const file = join(t.testdir(), 'uneven.mp4');
  // Every other picture comes late, up to a tick before the next one.
  const uneven = "settb=1/90000,setpts='N*3000+if(mod(N,2),2999,0)'";
  await runTool('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=r=30:d=2', '-vf', uneven],
    ...['-fps_mode', 'passthrough', '-enc_time_base', '1:90000'],
    ...['-bf', '0', '-video_track_timescale', '90000', file],
  ]);
  const times = (await decodePictures([file])).map(({ time }) => Math.round(time * 90_000));
  t.same(
    times,
    times.map((_, n) => n * 3000 + (n % 2) * 2999),
  );
  t.equal(times.length, 60);
});

t.test('probing segments', async (t) => {
  if (!requireFfmpeg(t)) return;
  const folder = t.testdir();
  const video = await fragmentedClip({ folder, kind: 'video', seconds: 4, startSeconds: START });
  const [init, first] = video;
  const one = await probeSegment(init!, first!);
  t.same(one.errors, []);
  const { profile, level, pixelFormat, ...stream } = one.streams[0]!;
  const size = { width: 320, height: 180 };
  t.same(stream, { codecType: 'video', codecName: 'h264', timescale: 90_000, ...size });
  t.same([profile, level, pixelFormat], ['Constrained Baseline', 13, 'yuv420p']);
  t.equal(one.frameCount, 60);
  t.equal(one.pts[0], START * 90_000);
  t.same(one.keyframePts, [START * 90_000]);
  t.equal((await probeSegments(video)).frameCount, 120);

  const audio = await fragmentedClip({ folder, kind: 'audio', seconds: 2, startSeconds: START });
  const sound = await probeSegments(audio);
  t.same(sound.errors, []);
  t.same(sound.streams, [
    { codecType: 'audio', codecName: 'opus', timescale: 48_000, sampleRate: 48_000, channels: 2 },
  ]);
  t.equal(sound.frameCount, 100);
});

t.test('damage is told', async (t) => {
  if (!requireFfmpeg(t)) return;
  const folder = t.testdir();
  const [init, first] = await fragmentedClip({
    folder,
    kind: 'video',
    seconds: 2,
    startSeconds: START,
  });
  const bytes = await readFile(first!);
  bytes.fill(0xff, bytes.length / 2, bytes.length / 2 + 2000);
  await writeFile(first!, bytes);
  t.not((await probeSegment(init!, first!)).errors.length, 0, 'by ffprobe');
  await t.rejects(decodePictures([init!, first!]), /decoding .*seg_1/, 'by the decoder');
  await t.rejects(probeSegment(first!, first!), /ffprobe /, 'without an initialization segment');
});
