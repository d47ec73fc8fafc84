import { mkdir } from 'node:fs/promises';
import t from 'tap';
import { requireFfmpeg } from '../../media/tool.ts';
import { type ClipName, type CodecClip, encodeCodecClip, inTurn } from './codec-clips.ts';
import { checkFolder, publisherOf, recordedVideo } from './recorded-clip.ts';

/** With two changes of profile or order alone among those of codec. */
const NAMES: ClipName[] = ['h264', 'vp8', 'h265', 'h265-reordered', 'h265-main10', 'av1', 'vp9'];

t.test('a publisher that changes its codec begins a Period with each', async (t) => {
  if (!requireFfmpeg(t)) return;
  await mkdir(t.testdir(), { recursive: true });
  const clips: CodecClip[] = [];
  for (const name of NAMES) {
    const size = { width: 320, height: 180 };
    clips.push(await encodeCodecClip(t.testdirName, name, { ...size, frames: 60 }));
  }
  const frames = inTurn(clips);
  const publisher = publisherOf(t, frames);
  await publisher.run(frames.length / 30 + 0.095);
  await publisher.recording.close();
  const periods = await recordedVideo(t, publisher);
  t.same(
    periods.map(({ stream }) => stream.codec_name),
    clips.map(({ ffmpegName }) => ffmpegName),
  );
  for (const [i, { hashes }] of periods.entries())
    t.same(hashes, clips[i]!.hashes, `of ${NAMES[i]}`);
  t.equal(publisher.recording.dropped.total, 0);
  await checkFolder(t, publisher);
});
