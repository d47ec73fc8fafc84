import { cp, mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { recoverAfterCrash } from '../../src/day-folder/crash-recovery.ts';
import type { RecordingFact } from '../../src/facts/recording-fact.ts';
import type { Segment } from '../../src/facts/segment.ts';
import { readFolderSegments } from '../../src/index-rebuild/folder-segments.ts';
import { repairRecording } from '../../src/repair/repair-recording.ts';
import { folderReader } from '../../src/storage/recordings-reader.ts';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { decodedFrames, probe, requireFfmpeg } from '../containers/mp4/encoded-media.ts';
import { readMpd } from '../media/read-mpd.ts';
import { CLIPS, type CodecClip, encodeCodecClip } from './codec-clips.ts';
import { NOON_US, type SimulatedOptions, SimulatedPublisher } from './simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';
const REPORTS = {
  videoReportUs: 0,
  audioReportUs: 0,
  videoDelayUs: 100_000,
  audioDelayUs: 100_000,
};

/** A publisher of a clip, in a folder of its own. */
function publisherOf(t: Test, clip: CodecClip, options: SimulatedOptions = {}) {
  const root = path.join(t.testdirName, 'root');
  return new SimulatedPublisher(t, { ...REPORTS, frames: clip.frames, ...options }, root);
}

/** The video of each Period of a day, as manifest, ffprobe and decoder have it. */
async function recordedVideo(t: Test, publisher: SimulatedPublisher, day = FOLDER) {
  const folder = path.join(publisher.root, day);
  const mpd = readMpd(await readFile(path.join(folder, 'manifest.mpd'), 'utf8'));
  const found = [];
  for (const [i, period] of mpd.periods.entries()) {
    const set = period.adaptationSets.find(({ contentType }) => contentType === 'video')!;
    const names = [set.initialization, ...set.segments.map(({ file }) => file)];
    const files = await Promise.all(names.map((name) => readFile(path.join(folder, name))));
    const joined = path.join(t.testdirName, `${day.replaceAll('/', '_')}-${i}.media`);
    await writeFile(joined, Buffer.concat(files));
    const { stream, packets } = await probe(joined);
    found.push({ set, stream, packets, hashes: await decodedFrames(joined) });
  }
  return found;
}

/** What has to hold of every finished recording: it verifies, and its files alone tell the index. */
async function checkFolder(
  t: Test,
  publisher: SimulatedPublisher,
  day = FOLDER,
  kinds: string[] = [],
) {
  const { findings } = await verifyRecording(path.join(publisher.root, day), { decode: true });
  t.same(
    findings.map(({ kind }) => kind),
    kinds,
  );
  const reader = folderReader(publisher.root);
  const { segments } = await readFolderSegments(reader, day, 'cam1', () => true);
  const byPath = (a: { path: string }, b: { path: string }) => a.path.localeCompare(b.path);
  t.same(
    segments.toSorted(byPath),
    publisher.segments.filter((segment) => segment.path.startsWith(day)).toSorted(byPath),
    'the files alone tell the same',
  );
}

for (const name of CLIPS) {
  t.test(`${name}: what was encoded is decoded from the recording, to the bit`, async (t) => {
    if (!(await requireFfmpeg(t))) return;
    await mkdir(t.testdir(), { recursive: true });
    const clip = await encodeCodecClip(t.testdirName, name, { width: 320, height: 180 });
    const publisher = publisherOf(t, clip);
    await publisher.run(clip.frames.length / 30 + 0.095);
    await publisher.recording.close();
    t.equal(publisher.recording.dropped.total, 0);
    const [period, ...more] = await recordedVideo(t, publisher);
    t.equal(more.length, 0);
    const { set, stream, packets, hashes } = period!;
    t.same(hashes, clip.hashes);
    t.equal(set.mimeType, `video/${clip.container}`);
    t.equal(set.codecs, publisher.of('video')[0]!.codec, 'index and MPD agree');
    t.match(set.codecs, clip.codecString);
    t.match(stream, { codec_name: clip.ffmpegName, width: 320, height: 180 });
    t.match(set, { width: 320, height: 180 });
    t.equal(packets.length, clip.frames.length);
    const seconds = set.segments.reduce((sum, { duration }) => sum + duration, 0) / set.timescale;
    t.ok(Math.abs(packets.length / seconds - 30) < 0.05, `${packets.length / seconds} a second`);
    t.ok(publisher.of('video').every(({ isKeyframe }) => isKeyframe));
    await checkFolder(t, publisher);
  });
}

for (const name of CLIPS) {
  t.test(`${name}: reconnect, midnight and another size of picture`, async (t) => {
    if (!(await requireFfmpeg(t))) return;
    await mkdir(t.testdir(), { recursive: true });
    const clip = await encodeCodecClip(t.testdirName, name, { width: 320, height: 180 });
    const large = await encodeCodecClip(t.testdirName, name, { width: 640, height: 360 });
    const startUs = NOON_US + 43_200e6 - 4e6;
    const frames = [...clip.frames, ...large.frames];
    const publisher = publisherOf(t, clip, { startUs, frames });
    await publisher.run(7);
    publisher.recording.detach();
    await publisher.run(2, () => 'never sent');
    publisher.attach();
    await publisher.run(7);
    await publisher.recording.close();
    const sizes = new Set<string>();
    for (const day of [FOLDER, 'cam1/2026/03/05']) {
      for (const { set, stream, packets, hashes } of await recordedVideo(t, publisher, day)) {
        t.match(stream, { codec_name: clip.ffmpegName, width: set.width, height: set.height });
        t.equal(hashes.length, packets.length, 'every picture is decoded');
        const known = new Set([...clip.hashes, ...large.hashes]);
        t.ok(
          hashes.every((hash) => known.has(hash)),
          'as it was encoded',
        );
        sizes.add(`${day.slice(-2)} ${set.width}×${set.height}`);
      }
      // Nothing was sent for two seconds.
      await checkFolder(t, publisher, day, day === FOLDER ? [] : ['gap']);
    }
    t.same([...sizes].toSorted(), ['04 320×180', '04 640×360', '05 320×180', '05 640×360']);
  });

  t.test(`${name}: what a crash leaves is taken up, repaired and read again`, async (t) => {
    if (!(await requireFfmpeg(t))) return;
    await mkdir(t.testdir(), { recursive: true });
    const clip = await encodeCodecClip(t.testdirName, name, { width: 320, height: 180 });
    const publisher = publisherOf(t, clip);
    await publisher.run(7.5);
    await publisher.recording.written();
    // Just as it lies on the disk when the process is killed.
    const root = path.join(t.testdirName, 'crashed');
    await cp(publisher.root, root, { recursive: true });
    await publisher.recording.close();

    const taken: Segment[] = [];
    await recoverAfterCrash({
      root,
      streamOf: () => 'cam1',
      isKnown: () => true,
      indexedUs: Number.POSITIVE_INFINITY,
      nowUs: NOON_US + 86_400e6,
      onFact: (fact: RecordingFact) => {
        if (fact.type === 'segment') taken.push(fact.segment);
      },
      log: { info() {}, error() {} },
    });
    const video = taken.filter(({ kind }) => kind === 'video');
    t.ok(video.length > 0);
    t.ok(video.every(({ path }) => path.endsWith(clip.container === 'webm' ? '.webm' : '.m4s')));
    const folder = path.join(root, FOLDER);
    t.same((await verifyRecording(folder, { decode: true })).findings, []);

    // A file that lost its end is cut back to its last whole chunk, and the index made anew.
    const whole = path.join(root, video[0]!.path);
    await truncate(whole, (await stat(whole)).size - 10);
    t.not((await verifyRecording(folder)).findings.length, 0);
    t.same((await repairRecording(folder, Date.now() * 1000)).left, []);
    const { findings } = await verifyRecording(folder, { decode: true });
    t.same(
      findings.filter(({ damage }) => damage),
      [],
    );
    const { segments } = await readFolderSegments(folderReader(root), FOLDER, 'cam1', () => true);
    t.same(
      [...new Set(segments.filter((one) => one.kind === 'video').map((one) => one.codec))],
      [publisher.of('video')[0]!.codec],
    );
  });
}

t.test('a publisher that changes its codec begins a Period with each', async (t) => {
  if (!(await requireFfmpeg(t))) return;
  await mkdir(t.testdir(), { recursive: true });
  const clips: CodecClip[] = [];
  for (const name of CLIPS) {
    clips.push(await encodeCodecClip(t.testdirName, name, { width: 320, height: 180 }));
  }
  const frames = clips.flatMap((clip) => clip.frames);
  const publisher = publisherOf(t, clips[0]!, { frames });
  await publisher.run(frames.length / 30 + 0.095);
  await publisher.recording.close();
  const periods = await recordedVideo(t, publisher);
  t.same(
    periods.map(({ stream }) => stream.codec_name),
    clips.map(({ ffmpegName }) => ffmpegName),
  );
  for (const [i, { hashes }] of periods.entries()) t.same(hashes, clips[i]!.hashes);
  t.equal(publisher.recording.dropped.total, 0);
  await checkFolder(t, publisher);
});
