import { cp, mkdir, stat, truncate } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { recoverAfterCrash } from '../../../src/day-folder/crash-recovery.ts';
import type { RecordingFact } from '../../../src/facts/recording-fact.ts';
import type { Segment } from '../../../src/facts/segment.ts';
import { readFolderSegments } from '../../../src/index-rebuild/folder-segments.ts';
import { repairRecording } from '../../../src/repair/repair-recording.ts';
import { folderReader } from '../../../src/storage/recordings-reader.ts';
import { verifyRecording } from '../../../src/verification/verify-recording.ts';
import { requireFfmpeg } from '../../media/tool.ts';
import { NOON_US } from '../simulated-publisher.ts';
import { type ClipName, type CodecClip, encodeCodecClip, inTurn } from './codec-clips.ts';
import { checkFolder, FOLDER, publisherOf, recordedVideo } from './recorded-clip.ts';

/** What happens to a recording, and what has to hold of it then whatever its codec. */
const CASES = {
  decoded: ['what was encoded is decoded from the recording, to the bit', testDecoded],
  interrupted: ['reconnect, midnight and another size of picture', testInterrupted],
  crashed: ['what a crash leaves is taken up, repaired and read again', testCrashed],
} as const;

/**
 * Records a clip in each of these cases.
 * @param only the cases that matter, all by default
 */
export function testClip(
  name: ClipName,
  only = Object.keys(CASES) as (keyof typeof CASES)[],
): void {
  let clip: Promise<CodecClip>;
  for (const [says, test] of only.map((each) => CASES[each])) {
    t.test(`${name}: ${says}`, async (t) => {
      if (!requireFfmpeg(t)) return;
      await mkdir(t.testdir(), { recursive: true });
      clip ??= encodeCodecClip(t.testdirName, name, { width: 320, height: 180, frames: 90 });
      await test(t, await clip, name);
    });
  }
}

async function testDecoded(t: Test, clip: CodecClip): Promise<void> {
  const publisher = publisherOf(t, clip.frames);
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
  const late = packets.map(({ pts }, i) => {
    const shown = (pts - packets[0]!.pts) / set.timescale;
    return Math.abs(shown - clip.frames[i]!.ticks! / 90_000);
  });
  t.ok(Math.max(...late) <= 1 / set.timescale, 'each is shown at its time, as ffprobe reads it');
  t.ok(publisher.of('video').every(({ isKeyframe }) => isKeyframe));
  await checkFolder(t, publisher);
}

async function testInterrupted(t: Test, clip: CodecClip, name: ClipName): Promise<void> {
  const size = { width: 640, height: 360 };
  const large = await encodeCodecClip(t.testdirName, name, { ...size, frames: 60 });
  const startUs = NOON_US + 43_200e6 - 4e6;
  const publisher = publisherOf(t, inTurn([clip, large]), { startUs });
  await publisher.run(7);
  publisher.recording.detach();
  await publisher.run(2, () => 'never sent');
  publisher.attach();
  await publisher.run(7);
  await publisher.recording.close();
  const sizes = new Set<string>();
  const known = new Set([...clip.hashes, ...large.hashes]);
  for (const day of [FOLDER, 'cam1/2026/03/05']) {
    for (const { set, stream, packets, hashes } of await recordedVideo(t, publisher, day)) {
      t.match(stream, { codec_name: clip.ffmpegName, width: set.width, height: set.height });
      t.equal(hashes.length, packets.length, 'every picture is decoded');
      t.ok(
        hashes.every((hash) => known.has(hash)),
        'as it was encoded',
      );
      sizes.add(`${day.slice(-2)} ${set.width}×${set.height}`);
    }
    // Nothing was sent for two seconds; all was decoded above.
    const kinds = day === FOLDER ? [] : ['gap'];
    await checkFolder(t, publisher, day, { kinds, decode: false });
  }
  t.same([...sizes].toSorted(), ['04 320×180', '04 640×360', '05 320×180', '05 640×360']);
}

async function testCrashed(t: Test, clip: CodecClip): Promise<void> {
  const publisher = publisherOf(t, clip.frames);
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
}
