import path from 'node:path';
import t, { type Test } from 'tap';
import type { TrackKind } from '../../src/media/access-unit.ts';
import { decodeBeeps } from '../media/beeps.ts';
import { decodeFlashes } from '../media/flashes.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { FRAME_RATE } from '../publisher/clip.ts';
import { NOON_US, type SimulatedOptions, SimulatedPublisher } from './simulated-publisher.ts';

const REPORTS = { videoReportUs: 300_000, audioReportUs: 500_000 };
/** Media is sent for so long before the pause, s. */
const BEFORE = 10;
/** … and after it. */
const AFTER = 8.7;

/** A track's captures pause, and its timestamps with them. @param rate units a second */
function pausing(pause: number, rate: number) {
  return (index: number) => (index / rate + (index < BEFORE * rate ? 0 : pause)) * 1e6;
}

/** Which tracks pause, and the options that make them. */
const tracks: { kinds: TrackKind[]; of(pause: number): SimulatedOptions }[] = [
  { kinds: ['audio'], of: (pause) => ({ audioCaptureUs: pausing(pause, 50) }) },
  { kinds: ['video'], of: (pause) => ({ videoCaptureUs: pausing(pause, FRAME_RATE) }) },
  {
    kinds: ['audio', 'video'],
    of: (pause) => ({
      audioCaptureUs: pausing(pause, 50),
      videoCaptureUs: pausing(pause, FRAME_RATE),
    }),
  },
];

/** Files of the Period that was written last, and of those like it. */
function filesOf(publisher: SimulatedPublisher, kind: TrackKind): string[] {
  const segments = publisher.of(kind);
  const { initPath } = segments.at(-1)!;
  const same = segments.filter((segment) => segment.initPath === initPath);
  return [initPath, ...same.map(({ path }) => path)].map((file) => path.join(publisher.root, file));
}

async function check(t: Test, kinds: TrackKind[], pause: number, options: SimulatedOptions) {
  const publisher = new SimulatedPublisher(t, { segmentSeconds: 10, ...options });
  await publisher.run(BEFORE + pause + AFTER);
  await publisher.recording.close();
  const flashes = await decodeFlashes(filesOf(publisher, 'video'));
  const beeps = await decodeBeeps(filesOf(publisher, 'audio'));
  // The last ones are so many seconds of media after the first: one each second.
  const lasts = { video: (publisher.frame - 1) / FRAME_RATE, audio: (publisher.packet - 1) / 50 };
  for (const [kind, times] of [['video', flashes] as const, ['audio', beeps] as const]) {
    const away = kinds.includes(kind) ? pause : 0;
    const later = Math.floor(lasts[kind] - (times[0]! - NOON_US / 1e6));
    const off = times.at(-1)! - times[0]! - later - away;
    t.ok(Math.abs(off) < 0.1, `the ${kind} is ${(off * 1000).toFixed(0)} ms off`);
  }
}

for (const { kinds, of } of tracks) {
  for (const pause of [0.6, 1.25, 3, 4.5]) {
    for (const [how, reports] of [
      ['with reports', REPORTS],
      ['with late reports', { videoReportUs: 5_300_000, audioReportUs: 5_500_000 }],
    ] as const) {
      t.test(`timestamps of ${kinds} that stand still for ${pause} s, ${how}`, async (t) => {
        if (!requireFfmpeg(t)) return;
        await check(t, kinds, pause, { ...reports, ...of(pause) });
      });
    }
  }
}

t.test('a pause is as long as the report after it says, not one from amid it', async (t) => {
  if (!requireFfmpeg(t)) return;
  const pause = 1.5;
  const publisher = new SimulatedPublisher(t, { segmentSeconds: 10, ...tracks[0]!.of(pause) });
  const end = BEFORE + pause + AFTER;
  // The first from amid the pause looks like one of before it, and the second like a short pause.
  for (let s = 0.204; s < end; s += 0.9999) {
    await publisher.run(s - (publisher.nowUs - NOON_US) / 1e6);
    const sound = s > BEFORE + pause ? s - pause : Math.min(s, BEFORE);
    const at = { ntpUs: publisher.nowUs, arrivalUs: publisher.nowUs };
    const rtpTimestamp = (4_294_960_000 + Math.round(s * 90_000)) % 2 ** 32;
    publisher.recording.report('video', { ...at, rtpTimestamp });
    publisher.recording.report('audio', {
      ...at,
      rtpTimestamp: 77_000 + Math.round(sound * 48_000),
    });
  }
  await publisher.run(end - (publisher.nowUs - NOON_US) / 1e6);
  await publisher.recording.close();
  const beeps = await decodeBeeps(filesOf(publisher, 'audio'));
  const flashes = await decodeFlashes(filesOf(publisher, 'video'));
  const away = beeps.at(-1)! - beeps[0]! - (beeps.length - 1) - pause;
  t.ok(Math.abs(away) < 0.03, `the sound is ${(away * 1000).toFixed(0)} ms off`);
  const bent = flashes.at(-1)! - flashes[0]! - (flashes.length - 1);
  t.ok(Math.abs(bent) < 0.01, `the picture is ${(bent * 1000).toFixed(0)} ms off`);
  t.equal(publisher.recording.dropped.late, 0, 'nothing came too late');
});

t.test('without a report the other track tells that it is not the network', async (t) => {
  if (!requireFfmpeg(t)) return;
  await check(t, ['audio'], 3, tracks[0]!.of(3));
  await check(t, ['video'], 3, tracks[1]!.of(3));
});

t.test('packets that are under way for longer move nothing', async (t) => {
  if (!requireFfmpeg(t)) return;
  // Both tracks come up to two seconds late for a while, one after the other for less.
  const publisher = new SimulatedPublisher(t, { ...REPORTS, segmentSeconds: 10 });
  const { accept } = publisher.recording;
  let lateUs = 0;
  publisher.recording.accept = (kind, unit) =>
    accept.call(publisher.recording, kind, { ...unit, arrivalUs: unit.arrivalUs + lateUs });
  await publisher.run(8);
  for (lateUs = 0; lateUs < 1.8e6; lateUs += 100_000) await publisher.run(0.3);
  await publisher.run(3);
  for (; lateUs > 0; lateUs -= 100_000) await publisher.run(0.3);
  await publisher.run(4.5);
  await publisher.recording.close();
  const beeps = await decodeBeeps(filesOf(publisher, 'audio'));
  const flashes = await decodeFlashes(filesOf(publisher, 'video'));
  t.ok(Math.abs(beeps.at(-1)! - flashes.at(-1)!) < 0.02, 'sound and picture are in step');
  t.ok(Math.abs(beeps.at(-1)! - beeps[0]! - (beeps.length - 1)) < 0.02, 'nothing was moved');
});

t.test('nothing leaps for a sender that comes late for a moment and catches up', async (t) => {
  if (!requireFfmpeg(t)) return;
  // Its reports tell when a packet was sent, as aiortc's do, so they say the same as the arrivals. The
  // lip sync follows them by some hundredths of a second.
  for (const [late, seconds] of [
    [0.3, 2.5],
    [0.4, 1.5],
    [0.9, 0.4],
  ] as const) {
    const publisher = new SimulatedPublisher(t, {
      ...REPORTS,
      segmentSeconds: 10,
      audioCaptureUs(index) {
        const truth = index / 50;
        if (truth < BEFORE) return truth * 1e6;
        const over = BEFORE + seconds;
        return (truth < over ? truth + late : Math.max(truth, over + late)) * 1e6;
      },
    });
    await publisher.run(BEFORE + 10);
    await publisher.recording.close();
    const beeps = await decodeBeeps(filesOf(publisher, 'audio'));
    const flashes = await decodeFlashes(filesOf(publisher, 'video'));
    const apart = beeps.at(-1)! - flashes.at(-1)!;
    t.ok(Math.abs(apart) < 0.1, `${late} s late for ${seconds} s: ${apart.toFixed(3)} s apart`);
    t.equal(publisher.of('audio')[0]!.startUs, publisher.of('video')[0]!.startUs);
  }
});
