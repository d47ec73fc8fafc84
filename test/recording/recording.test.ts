import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { avOffsets } from '../media/av-offset.ts';
import { decodeBeeps } from '../media/beeps.ts';
import { decodeFlashes } from '../media/flashes.ts';
import { probeSegments } from '../media/probe.ts';
import { readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { NOON_US, SimulatedPublisher } from './simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';

t.test('a publisher becomes a day folder that an independent parser reads', async (t) => {
  if (!requireFfmpeg(t)) return;
  const publisher = new SimulatedPublisher(t, { videoReportUs: 300_000, audioReportUs: 2_500_000 });
  await publisher.run(9);
  await publisher.recording.close();
  const folder = path.join(publisher.root, FOLDER);
  const files = await readdir(folder);
  t.same(
    files.filter((file) => file.endsWith('.part')),
    [],
    'nothing is left open',
  );
  const mpd = readMpd(await readFile(path.join(folder, 'manifest.mpd'), 'utf8'));
  t.equal(mpd.type, 'static');
  t.equal(mpd.periods.length, 1);
  for (const set of mpd.periods[0]!.adaptationSets) {
    const all = [set.initialization, ...set.segments.map((segment) => segment.file)];
    const media = await probeSegments(all.map((file) => path.join(folder, file)));
    t.same(media.errors, []);
    const { contentType } = set;
    t.equal(media.frameCount, contentType === 'video' ? publisher.frame : publisher.packet);
  }
  for (const kind of ['video', 'audio'] as const) {
    const segments = publisher.of(kind);
    t.ok(segments.length >= 4, `${segments.length} ${kind} segments`);
    t.equal(segments[0]!.startUs, NOON_US, 'begins when it was captured');
    for (const [i, segment] of segments.entries()) {
      if (i > 0) t.equal(segment.startUs, segments[i - 1]!.endUs, 'no hole, no overlap');
    }
  }
  t.ok(publisher.of('video').every(({ isKeyframe, keyframes }) => isKeyframe && keyframes.length));
});

t.test('sound and picture stay in step whatever the network delays', async (t) => {
  if (!requireFfmpeg(t)) return;
  const late = [
    { videoDelayUs: 180_000 },
    { audioDelayUs: 180_000 },
    { videoDelayUs: 60_000, senderClockUs: -3 * 3600e6 },
  ];
  for (const delays of late) {
    const publisher = new SimulatedPublisher(t, {
      videoReportUs: 300_000,
      audioReportUs: 2_500_000,
      ...delays,
    });
    await publisher.run(9);
    await publisher.recording.close();
    const folder = path.join(publisher.root, FOLDER);
    const of = (kind: 'video' | 'audio') => [
      path.join(folder, kind === 'video' ? 'init.m4s' : 'audio_init.m4s'),
      ...publisher.of(kind).map((segment) => path.join(publisher.root, segment.path)),
    ];
    const offsets = avOffsets(await decodeFlashes(of('video')), await decodeBeeps(of('audio')));
    t.ok(offsets.length >= 7, `${offsets.length} flashes with their beeps`);
    for (const { time, offsetMs } of offsets) {
      t.ok(Math.abs(offsetMs) <= 20, `${offsetMs.toFixed(1)} ms at ${time}`);
    }
    t.ok(
      Math.abs(publisher.of('video')[0]!.startUs - NOON_US) < 200_000,
      'wall-clock time is ours, not the sender’s',
    );
  }
});

t.test('without sender reports the arrival times decide', async (t) => {
  const publisher = new SimulatedPublisher(t, { videoDelayUs: 50_000, audioDelayUs: 20_000 });
  await publisher.run(8);
  await publisher.recording.written();
  t.ok(publisher.of('video').length >= 2, 'segments are announced after the wait for reports');
  await publisher.recording.close();
  t.equal(publisher.of('audio')[0]!.startUs, NOON_US + 20_000);
  t.equal(publisher.of('video')[0]!.startUs, NOON_US + 20_000, 'the picture begins with the sound');
  t.equal(publisher.of('video')[1]!.startUs, NOON_US + 2_050_000);
});

t.test('its manifest is empty until both tracks had time for a segment', async (t) => {
  const publisher = new SimulatedPublisher(t);
  const { recording } = publisher;
  while (publisher.segments.length === 0) {
    await publisher.run(0.1);
    await recording.written();
  }
  t.equal(recording.manifest(recording.manifestPath), '');
  t.equal(recording.manifest('cam1/2026/03/03/manifest.mpd'), undefined, 'of another day');
  await publisher.run(1.5);
  t.equal(readMpd(recording.manifest(recording.manifestPath)!).type, 'dynamic');
  await recording.close();
});

t.test('a second recording of the day goes on with the numbers and adds a Period', async (t) => {
  const first = new SimulatedPublisher(t);
  await first.run(5);
  await first.recording.close();
  const folder = path.join(first.root, FOLDER);
  const before = await contents(folder);
  const second = new SimulatedPublisher(t, { startUs: NOON_US + 60e6 }, first.root);
  await second.run(3.5);
  // A segment is told a moment after it is durable, on the recording's own clock.
  await second.recording.written();
  await second.run(1.5);
  const during = readMpd(second.recording.manifest(`${FOLDER}/manifest.mpd`)!);
  t.equal(during.type, 'dynamic');
  await second.recording.close();
  const after = await contents(folder);
  for (const [file, data] of before) {
    if (file !== 'manifest.mpd') t.ok(after.get(file)?.equals(data), `${file} is untouched`);
  }
  t.equal(second.of('video')[0]!.path, `${FOLDER}/seg_0004.m4s`);
  t.equal(second.of('video')[0]!.initPath, `${FOLDER}/init_2.m4s`);
  const mpd = readMpd(after.get('manifest.mpd')!.toString());
  t.equal(mpd.type, 'static');
  t.same(
    mpd.periods.map((period) => period.adaptationSets.map((set) => set.segments.length)),
    [
      [3, 3],
      [3, 3],
    ],
  );
});

t.test('midnight: the next day begins in its own folder without losing a frame', async (t) => {
  const publisher = new SimulatedPublisher(t, { startUs: NOON_US + 43_200e6 - 5e6 });
  await publisher.run(11);
  await publisher.recording.close();
  const total = { video: 0, audio: 0 };
  for (const kind of ['video', 'audio'] as const) {
    const segments = publisher.of(kind);
    const days = segments.map((segment) => segment.path.slice(0, 15));
    t.same([...new Set(days)], ['cam1/2026/03/04', 'cam1/2026/03/05']);
    t.equal(
      segments.find((segment) => segment.path.includes('/05/'))!.path.slice(-9),
      '_0001.m4s'.slice(-9),
    );
    for (const [i, segment] of segments.entries()) {
      if (i > 0) t.equal(segment.startUs, segments[i - 1]!.endUs, 'no hole, no overlap');
      total[kind] += segment.endUs - segment.startUs;
    }
  }
  t.ok(Math.abs(total.video - (publisher.frame / 30) * 1e6) < 10, 'every frame has its time');
  t.ok(Math.abs(total.audio - publisher.packet * 20_000) < 10, 'every packet has its time');
  t.ok(publisher.keyframeRequests > 1, 'a keyframe was asked for at midnight');
  for (const day of ['04', '05']) {
    const file = path.join(publisher.root, 'cam1/2026/03', day, 'manifest.mpd');
    t.equal(readMpd(await readFile(file, 'utf8')).type, 'static');
  }
});

t.test(
  'midnight, sound alone: every packet is recorded once, none is counted as dropped',
  async (t) => {
    const startUs = NOON_US + 43_200e6 - 5e6;
    const publisher = new SimulatedPublisher(t, { startUs, video: false });
    await publisher.run(11);
    await publisher.recording.close();
    const segments = publisher.of('audio');
    t.same(
      [...new Set(segments.map(({ path }) => path.slice(0, 15)))],
      [FOLDER, 'cam1/2026/03/05'],
    );
    const recordedUs = segments.reduce((sum, { startUs, endUs }) => sum + endUs - startUs, 0);
    t.ok(Math.abs(recordedUs - publisher.packet * 20_000) < 10, 'every packet has its time');
    t.equal(publisher.recording.dropped.total, 0);
  },
);

t.test('lost sound becomes silence, and lost pictures are waited for', async (t) => {
  if (!requireFfmpeg(t)) return;
  const publisher = new SimulatedPublisher(t);
  const lost = (kind: string, index: number) =>
    kind === 'audio' ? index >= 100 && index < 160 : index === 75;
  await publisher.run(8, lost);
  await publisher.recording.close();
  const audio = publisher.of('audio');
  t.equal(audio.at(-1)!.endUs - audio[0]!.startUs, publisher.packet * 20_000);
  const folder = path.join(publisher.root, FOLDER);
  const mpd = readMpd(await readFile(path.join(folder, 'manifest.mpd'), 'utf8'));
  t.equal(mpd.periods.length, 1, 'still one Period');
  for (const set of mpd.periods[0]!.adaptationSets) {
    const all = [set.initialization, ...set.segments.map((segment) => segment.file)];
    const media = await probeSegments(all.map((file) => path.join(folder, file)));
    t.same(media.errors, []);
    // From the lost frame 75 to the next keyframe, 120, nothing can be decoded.
    t.equal(
      media.frameCount,
      set.contentType === 'video' ? publisher.frame - 45 : publisher.packet,
    );
  }
});

t.test('a publisher that falls silent and comes back gets a new Period', async (t) => {
  const publisher = new SimulatedPublisher(t);
  await publisher.run(4);
  await publisher.run(11.99, () => true);
  await publisher.run(4);
  await publisher.recording.close();
  const file = path.join(publisher.root, FOLDER, 'manifest.mpd');
  const mpd = readMpd(await readFile(file, 'utf8'));
  t.equal(mpd.periods.length, 2);
  t.same(
    publisher.log.filter((line) => line.startsWith('error')),
    [],
  );
});

t.test('pictures that stop leave the sound going, and begin again with it', async (t) => {
  const publisher = new SimulatedPublisher(t);
  await publisher.run(4);
  await publisher.run(16, (kind) => kind === 'video');
  await publisher.run(6);
  await publisher.recording.close();
  const audio = publisher.of('audio');
  t.equal(audio.at(-1)!.endUs - audio[0]!.startUs, publisher.packet * 20_000, 'no sound is lost');
  for (const [i, segment] of audio.entries()) {
    if (i > 0) t.equal(segment.startUs, audio[i - 1]!.endUs);
  }
  const file = path.join(publisher.root, FOLDER, 'manifest.mpd');
  const periods = readMpd(await readFile(file, 'utf8')).periods;
  t.same(
    periods.map((period) => period.adaptationSets.map((set) => set.contentType)),
    Array(3).fill(['video', 'audio']),
    'with black in between',
  );
});

t.test('sound that stops while pictures go on is replaced by silence', async (t) => {
  const publisher = new SimulatedPublisher(t);
  await publisher.run(3);
  await publisher.run(8, (kind) => kind === 'audio');
  await publisher.run(3);
  await publisher.recording.close();
  const audio = publisher.of('audio');
  t.equal(audio.at(-1)!.endUs - audio[0]!.startUs, publisher.packet * 20_000);
  const file = path.join(publisher.root, FOLDER, 'manifest.mpd');
  t.equal(readMpd(await readFile(file, 'utf8')).periods.length, 1);
});

t.test('audio only and video only', async (t) => {
  for (const kind of ['audio', 'video'] as const) {
    const publisher = new SimulatedPublisher(t, {
      video: kind === 'video',
      audio: kind === 'audio',
    });
    await publisher.run(7);
    await publisher.recording.close();
    t.equal(publisher.segments.length, publisher.of(kind).length);
    t.ok(publisher.of(kind).length >= 3);
  }
});

t.test('a publisher that was lost goes on in the same record, in a new Period', async (t) => {
  const publisher = new SimulatedPublisher(t);
  await publisher.run(4);
  publisher.recording.detach();
  await publisher.run(5.99, () => true);
  publisher.attach();
  await publisher.run(4);
  await publisher.recording.close();
  const file = path.join(publisher.root, FOLDER, 'manifest.mpd');
  t.equal(readMpd(await readFile(file, 'utf8')).periods.length, 2);
  t.match(publisher.records, [
    { status: 'Active', startUs: NOON_US },
    { status: 'Completed', startUs: NOON_US },
  ]);
  t.equal(new Set(publisher.records.map((record) => record.recordId)).size, 1);
  t.equal(publisher.records[1]!.endUs, publisher.of('audio').at(-1)!.endUs);
});

t.test('a record that is long enough is followed by another without losing a frame', async (t) => {
  const publisher = new SimulatedPublisher(t, { recording: { maxRecordingSeconds: 5 } });
  await publisher.run(14);
  await publisher.recording.close();
  const ended = publisher.records.filter((record) => record.status === 'Completed');
  t.same(
    ended.map((record) => (record.startUs - NOON_US) / 1e6),
    [0, 6, 12],
    'each begins at the first keyframe after its time',
  );
  for (const [i, record] of ended.entries()) {
    if (i > 0) t.equal(record.startUs, ended[i - 1]!.endUs);
  }
  for (const kind of ['video', 'audio'] as const) {
    for (const [i, segment] of publisher.of(kind).entries()) {
      if (i > 0) t.equal(segment.startUs, publisher.of(kind)[i - 1]!.endUs);
    }
  }
});

t.test('another resolution begins a Period without losing a frame', async (t) => {
  if (!requireFfmpeg(t)) return;
  const publisher = new SimulatedPublisher(t, { videoReportUs: 0, audioReportUs: 0 });
  await publisher.run(119.5 / 30 + 2);
  for (const clip of ['moving-640x360.h264', 'flash-and-beep.h264'] as const) {
    publisher.clip = clip;
    await publisher.run(4);
  }
  await publisher.recording.close();
  const folder = path.join(publisher.root, FOLDER);
  const { periods } = readMpd(await readFile(path.join(folder, 'manifest.mpd'), 'utf8'));
  t.same(
    periods.map(({ adaptationSets }) => adaptationSets[0]!.width),
    [320, 640, 320],
  );
  const counted = { video: 0, audio: 0 };
  for (const set of periods.flatMap((period) => period.adaptationSets)) {
    const files = [set.initialization, ...set.segments.map((segment) => segment.file)];
    const media = await probeSegments(files.map((file) => path.join(folder, file)));
    t.same(media.errors, []);
    counted[set.contentType as 'video' | 'audio'] += media.frameCount;
  }
  t.same(counted, { video: publisher.frame, audio: publisher.packet });
  for (const kind of ['video', 'audio'] as const) {
    for (const [i, { startUs, path: file }] of publisher.of(kind).entries()) {
      if (i > 0) t.equal(startUs, publisher.of(kind)[i - 1]!.endUs, 'no hole, no overlap');
      t.match(file, new RegExp(`seg_${String(i + 1).padStart(4, '0')}`), 'numbers go on');
    }
  }
  t.equal(publisher.recording.dropped.total, 0);
});

t.test('both tracks of a Period begin and end together, so that players do not skip', async (t) => {
  const changes: ((publisher: SimulatedPublisher) => Promise<void>)[] = [
    (publisher) => publisher.run(9),
    // Lost for a while, a pause of everything, of the picture, of the sound.
    async (publisher) => {
      await publisher.run(4);
      publisher.recording.detach();
      await publisher.run(3.99, () => true);
      publisher.attach();
      await publisher.run(3);
    },
    async (publisher) => {
      await publisher.run(3);
      await publisher.run(8.99, () => true);
      await publisher.run(4);
    },
    async (publisher) => {
      await publisher.run(3);
      await publisher.run(8.99, (kind) => kind === 'video');
      await publisher.run(4);
    },
    async (publisher) => {
      await publisher.run(3);
      await publisher.run(8.99, (kind) => kind === 'audio');
      await publisher.run(4);
    },
  ];
  for (const delays of [{}, { videoDelayUs: 180_000 }, { audioDelayUs: 180_000 }]) {
    for (const change of changes) {
      const publisher = new SimulatedPublisher(t, {
        startUs: NOON_US + 43_200e6 - 2e6,
        videoReportUs: 0,
        audioReportUs: 0,
        recording: { maxRecordingSeconds: 5 },
        ...delays,
      });
      await change(publisher);
      await publisher.recording.close();
      for (const day of ['04', '05']) {
        const file = path.join(publisher.root, 'cam1/2026/03', day, 'manifest.mpd');
        const { periods } = readMpd(await readFile(file, 'utf8'));
        for (const { id, adaptationSets } of periods) {
          const [video, audio] = adaptationSets;
          if (video === undefined || audio === undefined) continue;
          const span = ({ segments, timescale }: typeof video) => {
            const { time, duration } = segments.at(-1)!;
            return [segments[0]!.time / timescale, (time + duration) / timescale] as const;
          };
          const start = span(video)[0] - span(audio)[0];
          const end = span(video)[1] - span(audio)[1];
          // Before the first reports the tracks' delays are unknown; so is where they begin.
          const begun = span(video)[0] * 1e6;
          const isUnsettled = publisher.attachedUs.some((us) => Math.abs(us - begun) < 1_900_000);
          if (!isUnsettled)
            t.ok(Math.abs(start) <= 0.0201, `Period ${day}/${id} starts ${start} apart`);
          t.ok(Math.abs(end) <= 0.0201, `Period ${day}/${id} ends ${end} apart`);
        }
      }
      for (const kind of ['video', 'audio'] as const) {
        for (const [i, segment] of publisher.of(kind).entries()) {
          if (i > 0) t.ok(segment.startUs >= publisher.of(kind)[i - 1]!.endUs, 'no overlap');
        }
      }
    }
  }
});

async function contents(folder: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const name of await readdir(folder))
    files.set(name, await readFile(path.join(folder, name)));
  return files;
}
