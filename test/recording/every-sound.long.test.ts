import { cp, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { recoverAfterCrash } from '../../src/day-folder/crash-recovery.ts';
import type { RecordingFact } from '../../src/facts/recording-fact.ts';
import type { Segment } from '../../src/facts/segment.ts';
import { readFolderSegments } from '../../src/index-rebuild/folder-segments.ts';
import { repairRecording } from '../../src/repair/repair-recording.ts';
import { folderReader } from '../../src/storage/recordings-reader.ts';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { probe, run } from '../containers/mp4/encoded-media.ts';
import { readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg, runTool } from '../media/tool.ts';
import { NOON_US, SimulatedPublisher, type SimulatedSound } from './simulated-publisher.ts';
import { encodeSound, SOUNDS } from './sound-clips.ts';

t.setTimeout(180_000);

const FOLDER = 'cam1/2026/03/04';
const REPORTS = { videoReportUs: 0, audioReportUs: 0 };

/** The sound of each Period, as manifest and ffprobe have it, and as a file. */
async function recordedSound(t: Test, { root }: SimulatedPublisher) {
  const folder = path.join(root, FOLDER);
  const mpd = readMpd(await readFile(path.join(folder, 'manifest.mpd'), 'utf8'));
  const found = [];
  for (const [i, period] of mpd.periods.entries()) {
    const set = period.adaptationSets.find(({ contentType }) => contentType === 'audio')!;
    const names = [set.initialization, ...set.segments.map(({ file }) => file)];
    const files = await Promise.all(names.map((name) => readFile(path.join(folder, name))));
    const joined = path.join(t.testdirName, `sound-${i}.mp4`);
    await writeFile(joined, Buffer.concat(files));
    found.push({ set, joined, ...(await probe(joined)) });
  }
  return found;
}

/** A segment behind its initialization segment, as one file. */
async function joined(
  t: Test,
  root: string,
  { initPath, path: segment }: Segment,
): Promise<string> {
  const files = [initPath, segment].map((name) => readFile(path.join(root, name)));
  const file = path.join(t.testdirName, 'joined.mp4');
  await writeFile(file, Buffer.concat(await Promise.all(files)));
  return file;
}

async function pcm(file: string): Promise<Buffer> {
  return (await runTool('ffmpeg', ['-v', 'error', '-i', file, '-f', 's16le', '-'])).stdout;
}

/** What has to hold of every finished recording: it verifies, and its files alone tell the index. */
async function checkFolder(t: Test, publisher: SimulatedPublisher) {
  const { findings } = await verifyRecording(path.join(publisher.root, FOLDER), { decode: true });
  t.same(findings, []);
  const reader = folderReader(publisher.root);
  const { segments } = await readFolderSegments(reader, FOLDER, 'cam1', () => true);
  const byPath = (a: { path: string }, b: { path: string }) => a.path.localeCompare(b.path);
  // Why a Period began is told by no file of it.
  const told = publisher.segments.map(({ periodReason, ...segment }) => segment);
  t.same(segments.toSorted(byPath), told.toSorted(byPath), 'the files tell the same');
}

for (const { name, ...facts } of SOUNDS) {
  t.test(`${name} is recorded beside a picture, with a loss`, async (t) => {
    if (!requireFfmpeg(t)) return;
    const sound = await encodeSound(t.testdir(), name);
    const root = path.join(t.testdirName, 'root');
    const publisher = new SimulatedPublisher(t, { ...REPORTS, sounds: [sound] }, root);
    await publisher.run(6, (kind, index) => kind === 'audio' && index >= 100 && index < 110);
    const concealedMs = publisher.recording.concealedMs('audio');
    await publisher.recording.close();
    t.equal(publisher.recording.dropped.total, 0);
    const [period, ...more] = await recordedSound(t, publisher);
    t.equal(more.length, 0);
    const { set, stream, packets, joined } = period!;
    t.match(stream, { codec_name: facts.ffmpegName, channels: facts.channels });
    t.match(set, { codecs: facts.codecString, mimeType: 'audio/mp4', timescale: sound.clockRate });
    t.equal(publisher.of('audio')[0]!.codec, facts.codecString, 'index and MPD agree');
    if (facts.layout) t.equal(stream.channel_layout, facts.layout);
    t.ok(packets.length >= 299, `${packets.length} packets, silence among them`);
    const steps = packets.slice(1).map(({ pts }, i) => pts - packets[i]!.pts);
    t.same([...new Set(steps)], [sound.clockRate / 50], 'end to end');
    t.equal(concealedMs, 200);
    const { stderr } = await run('ffmpeg', ['-v', 'error', '-i', joined, '-f', 'null', '-']);
    t.equal(stderr, '');
    await checkFolder(t, publisher);
  });
}

t.test('G.711 that came is in the file to the bit, silence where it did not', async (t) => {
  if (!requireFfmpeg(t)) return;
  const sound = await encodeSound(t.testdir(), 'pcma');
  const root = path.join(t.testdirName, 'root');
  const publisher = new SimulatedPublisher(t, { ...REPORTS, video: false, sounds: [sound] }, root);
  await publisher.run(4, (kind, index) => kind === 'audio' && index >= 50 && index < 53);
  await publisher.recording.close();
  const raw = path.join(t.testdirName, 'sent.raw');
  await writeFile(raw, Buffer.concat(sound.packets));
  const law = ['-f', 'alaw', '-ar', '8000', '-ac', '1', '-i', raw];
  const { stdout: sent } = await runTool('ffmpeg', ['-v', 'error', ...law, '-f', 's16le', '-']);
  const [period] = await recordedSound(t, publisher);
  const recorded = await pcm(period!.joined);
  t.ok(recorded.length >= 198 * 320);
  for (let index = 0; index < recorded.length / 320 - 1; index++) {
    const at = (index % sound.packets.length) * 320;
    const expected = index >= 50 && index < 53 ? Buffer.alloc(320) : sent.subarray(at, at + 320);
    const own = recorded.subarray(index * 320, index * 320 + 320);
    if (!own.equals(expected)) t.fail(`packet ${index}`);
  }
});

t.test('another codec of sound begins a Period, and nothing of either is lost', async (t) => {
  if (!requireFfmpeg(t)) return;
  const folder = t.testdir();
  const sounds: SimulatedSound[] = [];
  for (const name of ['opus', 'pcmu', 'multiopus'] as const) {
    sounds.push(await encodeSound(folder, name));
  }
  const root = path.join(folder, 'root');
  const publisher = new SimulatedPublisher(t, { ...REPORTS, video: false, sounds }, root);
  for (const sound of sounds) {
    publisher.sound = sound;
    await publisher.run(4);
  }
  await publisher.recording.close();
  const periods = await recordedSound(t, publisher);
  t.same(
    periods.map(({ stream }) => `${stream.codec_name} ${stream.channels}`),
    ['opus 2', 'flac 1', 'opus 6'],
  );
  t.equal(publisher.recording.dropped.total, 0);
  let sum = 0;
  for (const { packets } of periods) sum += packets.length;
  t.ok(sum >= publisher.packet - 1, `${sum} of ${publisher.packet} packets`);
  await checkFolder(t, publisher);
});

t.test('what a crash leaves of G.711 is taken up with its times', async (t) => {
  if (!requireFfmpeg(t)) return;
  const sound = await encodeSound(t.testdir(), 'pcmu');
  const root = path.join(t.testdirName, 'root');
  const publisher = new SimulatedPublisher(t, { ...REPORTS, sounds: [sound] }, root);
  await publisher.run(7.5);
  await publisher.recording.written();
  // Just as it lies on the disk when the process is killed.
  const crashed = path.join(t.testdirName, 'crashed');
  await cp(root, crashed, { recursive: true });
  await publisher.recording.close();
  const taken: Segment[] = [];
  await recoverAfterCrash({
    root: crashed,
    streamOf: () => 'cam1',
    isKnown: () => true,
    indexedUs: Number.POSITIVE_INFINITY,
    nowUs: NOON_US + 86_400e6,
    onFact: (fact: RecordingFact) => {
      if (fact.type === 'segment') taken.push(fact.segment);
    },
    log: { info() {}, error() {} },
  });
  const folder = path.join(crashed, FOLDER);
  t.same((await verifyRecording(folder, { decode: true })).findings, []);
  const audio = taken.findLast(({ kind }) => kind === 'audio');
  const mpd = readMpd(await readFile(path.join(folder, 'manifest.mpd'), 'utf8'));
  const sets = mpd.periods.at(-1)!.adaptationSets;
  const described = sets.find(({ contentType }) => contentType === 'audio')!.segments.at(-1)!;
  const lastsUs = (described.duration / 8000) * 1e6;
  t.ok(lastsUs > 500_000, 'a part of a second was left');
  t.ok(Math.abs(audio!.endUs - audio!.startUs - lastsUs) < 2, 'as long as its samples');
  const { segments } = await readFolderSegments(folderReader(crashed), FOLDER, 'cam1', () => true);
  const read = segments.find(({ path }) => path === audio!.path)!;
  t.same([read.startUs, read.endUs], [audio!.startUs, audio!.endUs], 'the files tell the same');
});

t.test('what is left of a damaged segment of G.711 keeps its times', async (t) => {
  if (!requireFfmpeg(t)) return;
  const sound = await encodeSound(t.testdir(), 'pcma');
  const root = path.join(t.testdirName, 'root');
  const publisher = new SimulatedPublisher(t, { ...REPORTS, sounds: [sound] }, root);
  await publisher.run(7);
  await publisher.recording.close();
  const damaged = publisher.segments.findLast(({ kind }) => kind === 'audio')!;
  const file = path.join(root, damaged.path);
  await truncate(file, (await stat(file)).size - 10);
  await repairRecording(path.join(root, FOLDER), NOON_US);
  const { segments } = await readFolderSegments(folderReader(root), FOLDER, 'cam1', () => true);
  const left = segments.find(({ path }) => path === damaged.path)!;
  const { packets } = await probe(await joined(t, root, left));
  // Packets of 20 ms; ffprobe knows no duration of the last one.
  const seconds = (packets.at(-1)!.pts - packets[0]!.pts + 160) / 8000;
  t.ok(seconds < (damaged.endUs - damaged.startUs) / 1e6, `${seconds} s are left`);
  t.equal(left.startUs, damaged.startUs);
  t.ok(Math.abs((left.endUs - left.startUs) / 1e6 - seconds) < 1e-4, 'as long as its samples');
});

t.test('the first sound decides the codec, whichever was negotiated first', async (t) => {
  if (!requireFfmpeg(t)) return;
  const folder = t.testdir();
  const opus = await encodeSound(folder, 'opus');
  const pcmu = await encodeSound(folder, 'pcmu');
  const root = path.join(folder, 'root');
  const options = { ...REPORTS, videoDelayUs: 100_000, sounds: [opus, pcmu] };
  const publisher = new SimulatedPublisher(t, options, root);
  publisher.sound = pcmu;
  await publisher.run(4);
  await publisher.recording.close();
  const periods = await recordedSound(t, publisher);
  t.same(
    periods.map(({ stream }) => stream.codec_name),
    ['flac'],
  );
  await checkFolder(t, publisher);
});
