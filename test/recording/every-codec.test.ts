import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { readFolderSegments } from '../../src/index-rebuild/folder-segments.ts';
import { folderReader } from '../../src/storage/recordings-reader.ts';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { decodedFrames, probe, requireFfmpeg } from '../containers/mp4/encoded-media.ts';
import { readMpd } from '../media/read-mpd.ts';
import { CLIPS, type CodecClip, encodeCodecClip } from './codec-clips.ts';
import { type SimulatedOptions, SimulatedPublisher } from './simulated-publisher.ts';

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
async function checkFolder(t: Test, publisher: SimulatedPublisher, day = FOLDER) {
  const { findings } = await verifyRecording(path.join(publisher.root, day), { decode: true });
  t.same(findings, []);
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
