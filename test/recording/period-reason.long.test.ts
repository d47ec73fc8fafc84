import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import type { PeriodReason } from '../../src/facts/period-reason.ts';
import { ORIENTATIONS } from '../../src/media/picture-orientation.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { encodeClip } from './encoded-clip.ts';
import { NOON_US, type SimulatedOptions, SimulatedPublisher } from './simulated-publisher.ts';

interface Case {
  name: string;
  options?: SimulatedOptions;
  record(publisher: SimulatedPublisher, t: Test): Promise<void>;
  /** Of each Period, in their order. */
  reasons: PeriodReason[];
}

const cases: Case[] = [
  { name: 'nothing happens', record: (publisher) => publisher.run(6), reasons: ['start'] },
  {
    name: 'nobody publishes anything at first',
    record: async (publisher) => {
      publisher.recording.detach();
      publisher.attach();
      await publisher.run(3);
    },
    reasons: ['start'],
  },
  {
    name: 'the publisher is lost and comes back',
    record: async (publisher) => {
      await publisher.run(3);
      publisher.recording.detach();
      await publisher.run(1, () => 'never sent');
      publisher.attach();
      await publisher.run(3);
    },
    reasons: ['start', 'publisher-changed'],
  },
  {
    name: 'the publisher sends other tracks',
    record: async (publisher) => {
      await publisher.run(3);
      publisher.attach();
      await publisher.run(3);
    },
    reasons: ['start', 'tracks-changed'],
  },
  {
    name: 'timestamps of both tracks jump',
    record: async (publisher) => {
      await publisher.run(4);
      publisher.leap.video = 90_000 * 3600;
      publisher.leap.audio = 48_000 * 3600;
      await publisher.run(4);
    },
    reasons: ['start', 'timeline-restart'],
  },
  {
    name: 'another SSRC',
    record: async (publisher) => {
      await publisher.run(4);
      publisher.recording.restartTrack('video');
      await publisher.run(4);
    },
    reasons: ['start', 'timeline-restart'],
  },
  {
    name: 'pictures of another size',
    record: async (publisher) => {
      await publisher.run(4);
      publisher.clip = 'moving-640x360.h264';
      await publisher.run(4);
    },
    reasons: ['start', 'resolution-change'],
  },
  {
    name: 'a camera that is turned',
    record: async (publisher) => {
      await publisher.run(3);
      publisher.orientation = ORIENTATIONS[1];
      await publisher.run(4);
    },
    reasons: ['start', 'orientation-change'],
  },
  {
    name: 'midnight',
    options: { startUs: NOON_US + 43_200e6 - 5e6 },
    record: (publisher) => publisher.run(10),
    reasons: ['start', 'midnight'],
  },
  {
    name: 'midnight, sound alone',
    options: { startUs: NOON_US + 43_200e6 - 5e6, video: false },
    record: (publisher) => publisher.run(10),
    reasons: ['start', 'midnight'],
  },
  {
    name: 'a record that is long enough',
    options: { recording: { maxRecordingSeconds: 4 } },
    record: (publisher) => publisher.run(7),
    reasons: ['start', 'max-recording'],
  },
  {
    name: 'a picture that comes later than the sound',
    record: async (publisher) => {
      await publisher.run(8, (kind) => kind === 'video' && 'never sent');
      await publisher.run(4);
    },
    reasons: ['start', 'picture-started'],
  },
  {
    name: 'a camera that is off for a while',
    record: async (publisher) => {
      await publisher.run(4);
      publisher.recording.goodbye('video');
      await publisher.run(12, (kind) => kind === 'video' && 'never sent');
      await publisher.run(4);
    },
    reasons: ['start', 'picture-stopped', 'picture-started'],
  },
  {
    name: 'nothing comes for a while',
    record: async (publisher) => {
      await publisher.run(6);
      await publisher.run(14, () => 'never sent');
      await publisher.run(4);
    },
    reasons: ['start', 'media-stopped'],
  },
  {
    name: 'nothing comes, and then the publisher is lost: it is the first that ended the Period',
    record: async (publisher) => {
      await publisher.run(6);
      await publisher.run(14, () => 'never sent');
      publisher.recording.detach();
      publisher.attach();
      await publisher.run(4);
    },
    reasons: ['start', 'media-stopped'],
  },
  {
    name: 'the disk takes nothing for a while',
    record: async (publisher, t) => {
      const folder = path.join(publisher.root, 'cam1/2026/03/04');
      await publisher.run(3);
      await publisher.recording.written();
      rmSync(folder, { recursive: true });
      writeFileSync(folder, 'in the way');
      for (let i = 0; i < 3; i++) {
        await publisher.run(1);
        await publisher.recording.written();
      }
      t.type(publisher.recording.error, 'string', 'a write failed');
      rmSync(folder);
      await publisher.run(12);
    },
    reasons: ['start', 'write-failed'],
  },
];

for (const each of cases) t.test(each.name, (t) => check(t, each));

t.test('other parameter sets for pictures of the same size', async (t) => {
  if (!requireFfmpeg(t)) return;
  const folder = t.testdir();
  const before = await encodeClip(folder, { seconds: 4, profile: 'baseline', params: 'ref=1' });
  const after = await encodeClip(folder, { seconds: 4, profile: 'baseline', params: 'ref=3' });
  const later = after.frames.map((frame) => ({ ...frame, ticks: frame.ticks! + 4 * 90_000 }));
  await check(t, {
    name: 'codec',
    options: { frames: [...before.frames, ...later] },
    record: (publisher) => publisher.run(7),
    reasons: ['start', 'codec-change'],
  });
});

t.test('pictures that are reordered by more time', async (t) => {
  if (!requireFfmpeg(t)) return;
  const params = 'bframes=2:b-adapt=0';
  const { frames } = await encodeClip(t.testdir(), { seconds: 8, profile: 'main', params });
  // 30 frames a second, and after four seconds 15.
  const isSlow = (ticks: number) => ticks >= 4 * 90_000;
  const slower = frames.map((frame) => {
    const ticks = frame.ticks!;
    return { ...frame, ticks: isSlow(ticks) ? 2 * ticks - 4 * 90_000 : ticks };
  });
  await check(t, {
    name: 'reordering',
    options: {
      frames: slower,
      videoCaptureUs: (index) => (isSlow(index * 3000) ? (index * 2 - 120) / 30 : index / 30) * 1e6,
    },
    record: (publisher) => publisher.run(9),
    reasons: ['start', 'reordering-change'],
  });
});

async function check(t: Test, { options, record, reasons }: Case): Promise<void> {
  const root = path.join(t.testdirName, 'recordings');
  mkdirSync(root, { recursive: true });
  const publisher = new SimulatedPublisher(t, options, root);
  await record(publisher, t);
  const { latestPeriod, periods } = publisher.recording;
  const logged = publisher.log
    .filter((line) => line.startsWith('info a Period begins'))
    .map((line) => JSON.parse(line.slice(line.indexOf('{'))));
  t.same(
    logged,
    reasons.map((reason) => ({ stream: 'cam1', reason })),
    'logged, once a Period',
  );
  t.equal(latestPeriod?.reason, reasons.at(-1), 'told with the state');
  const counts: Partial<Record<PeriodReason, number>> = {};
  for (const reason of reasons) counts[reason] = (counts[reason] ?? 0) + 1;
  t.same(periods, counts, 'counted');
  await publisher.recording.close();
  const starts = publisher.segments.filter(
    ({ startUs }) => Math.abs(startUs - latestPeriod!.startUs) < 100_000,
  );
  t.ok(starts.length > 0, 'a segment begins where the latest Period is said to');
}
