import path from 'node:path';
import t, { type Test } from 'tap';
import { avOffsets } from '../media/av-offset.ts';
import { decodeBeeps } from '../media/beeps.ts';
import { decodeFlashes } from '../media/flashes.ts';
import { probeSegments } from '../media/probe.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { encodeClip } from './encoded-clip.ts';
import { type SimulatedOptions, SimulatedPublisher } from './simulated-publisher.ts';

const REPORTS = { videoReportUs: 300_000, audioReportUs: 500_000 };
const PACKET_US = 20_000;

/** Records what a publisher sends, and measures how much later each beep is than its flash, ms. */
async function record(t: Test, seconds: number, options: SimulatedOptions) {
  const publisher = new SimulatedPublisher(t, { ...REPORTS, segmentSeconds: 10, ...options });
  await publisher.run(seconds);
  await publisher.recording.close();
  const of = (kind: 'video' | 'audio') => {
    const paths = new Set(publisher.of(kind).flatMap(({ initPath, path }) => [initPath, path]));
    return [...paths].map((file) => path.join(publisher.root, file));
  };
  t.equal((await probeSegments(of('video'))).frameCount, publisher.frame, 'every picture is there');
  // Where the picture ends before the sound, the last packet is cut.
  const packets = (await probeSegments(of('audio'))).frameCount;
  t.ok(packets >= publisher.packet - 1, `${packets} of ${publisher.packet} packets`);
  return avOffsets(await decodeFlashes(of('video')), await decodeBeeps(of('audio'))).map(
    ({ offsetMs }) => offsetMs,
  );
}

t.test('a sound card that loses samples is followed', async (t) => {
  if (!requireFfmpeg(t)) return;
  // From the tenth second on what is heard was captured 110 ms later than its timestamps say.
  const offsets = await record(t, 45, {
    audioCaptureUs: (index) => index * PACKET_US + (index < 500 ? 0 : 110_000),
  });
  for (const offset of offsets.slice(0, 9)) t.ok(Math.abs(offset) < 5, `${offset} ms before`);
  for (const offset of offsets.slice(-5)) t.ok(Math.abs(offset - 110) < 5, `${offset} ms after`);
});

t.test('a sound card that runs slow or fast is followed', async (t) => {
  if (!requireFfmpeg(t)) return;
  for (const ppm of [-1000, 1000]) {
    const audioCaptureUs = (index: number) => index * PACKET_US * (1 + ppm / 1e6);
    const offsets = await record(t, 70, { audioCaptureUs });
    for (const [second, offset] of offsets.entries()) {
      const late = (second * ppm) / 1000;
      t.ok(Math.abs(offset - late) < 25, `${offset} ms for ${late} ms in second ${second}`);
    }
  }
});

t.test('reports that contradict the arrival times move nothing', async (t) => {
  if (!requireFfmpeg(t)) return;
  const publisher = new SimulatedPublisher(t, { ...REPORTS, segmentSeconds: 10 });
  await publisher.run(10);
  const { report } = publisher.recording;
  publisher.recording.report = (kind, { ntpUs, ...rest }) =>
    report.call(publisher.recording, kind, {
      ntpUs: ntpUs + (kind === 'audio' ? 1_500_000 : 0),
      ...rest,
    });
  await publisher.run(20);
  await publisher.recording.close();
  const ends = (['video', 'audio'] as const).map((kind) => publisher.of(kind).at(-1)!.endUs);
  t.ok(Math.abs(ends[0]! - ends[1]!) < 40_000, `${ends[0]! - ends[1]!} µs apart at the end`);
});

/** Pictures that a media server forwarded to others before it did to us: the first keyframe is the next one. */
for (const joinedAt of [0, 4, 10, 40]) {
  t.test(
    `a media server's reports of reordered pictures move nothing, joined at ${joinedAt}`,
    async (t) => {
      if (!requireFfmpeg(t)) return;
      const params = 'bframes=3:b-adapt=0:b-pyramid=normal';
      const { frames } = await encodeClip(t.testdir(), { seconds: 6, profile: 'high', params });
      const publisher = new SimulatedPublisher(
        t,
        {
          ...REPORTS,
          frames,
          videoReportUs: (joinedAt / 30) * 1e6,
          // An encoder gives a picture away when it has those that it refers to.
          videoDelayUs: 100_000,
          audioDelayUs: 100_000,
          segmentSeconds: 10,
          reportsByServer: true,
        },
        `${t.testdirName}/root`,
      );
      await publisher.run(
        60,
        (kind, index) => kind === 'video' && index < joinedAt && 'never sent',
      );
      await publisher.recording.close();
      const paths = new Set(
        publisher.of('video').flatMap(({ initPath, path }) => [initPath, path]),
      );
      const files = [...paths].map((file) => path.join(publisher.root, file));
      const { pts, streams } = await probeSegments(files);
      t.ok(pts.length > (joinedAt === 0 ? 1780 : 1720), `${pts.length} pictures`);
      const step = streams[0]!.timescale / 30;
      // The first and the last ones are as long as the sound beside them.
      const steps = pts.slice(1, -4).map((time, at) => pts[at + 2]! - time);
      t.same(
        steps.filter((each) => Math.abs(each - step) > 1),
        [],
        'each lasts a thirtieth of a second',
      );
    },
  );
}
