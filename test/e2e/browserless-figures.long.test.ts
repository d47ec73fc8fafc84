import { mkdir } from 'node:fs/promises';
import t, { type Test } from 'tap';
import { expectedCodecString } from '../media/codec-string.ts';
import { probeSegments } from '../media/probe.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { FRAME_RATE } from '../publisher/clip.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { encodeVideo } from '../recording/every-codec/codec-clips.ts';
import { readDayFolder } from '../server/day-folder.ts';
import { indexedTracks } from '../server/indexed-tracks.ts';
import { recordStatus, type TrackRow } from '../server/recorder-client.ts';
import { type RecorderProcess, startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

const CLIPS = ['h264', 'h265', 'h265-main10-reordered', 'av1', 'vp9', 'vp8'] as const;
/** More than the seconds that the state's frame rate is made of. */
const PICTURES = 200;

t.test('index, manifest, state and ffprobe agree on codec, size and frame rate', async (t) => {
  if (!requireFfmpeg(t)) return;
  await mkdir(t.testdir(), { recursive: true });
  const recorder = await startRecorder(t);
  const publishers = new Map<string, WhipPublisher>();
  for (const name of CLIPS) {
    const { video: encodedVideo } = await encodeVideo(t.testdirName, name);
    const whipUrl = `${recorder.url}/whip/${name}`;
    const publisher = await WhipPublisher.connect({ whipUrl, encodedVideo, audio: false });
    t.teardown(() => publisher.vanish());
    publishers.set(name, publisher);
  }
  for (const publisher of publishers.values()) publisher.start();
  for (const [name, publisher] of publishers) {
    await until('all pictures', () => publisher.sent.videoFrames >= PICTURES);
    // A busy machine lags and catches up, so that the rate of some seconds may be another one for a while.
    const state = await until(`the frame rate of ${name}`, async () => {
      const [track] = (await recordStatus(recorder.url, name)).tracks;
      return Math.abs((track?.frames_per_second ?? 0) - FRAME_RATE) < 1 && track;
    });
    await publisher.stop();
    await t.test(name, (t) => checkFigures(t, recorder, name, state));
  }
});

async function checkFigures(
  t: Test,
  { url, root }: RecorderProcess,
  name: string,
  state: TrackRow,
): Promise<void> {
  const { mpd } = await readDayFolder(root, name);
  const sets = mpd.periods.flatMap(({ adaptationSets }) => adaptationSets);
  const tracks = await indexedTracks(url, root, name);
  t.strictSame([mpd.type, sets.length, tracks.length], ['static', 1, 1]);
  const [set, { files, rows }] = [sets[0]!, tracks[0]!];
  const { errors, streams, pts } = await probeSegments(files);
  t.strictSame(errors, []);
  const { width, height, timescale } = streams[0]!;

  const [codec] = rows.map((row) => row.codec);
  t.match(
    codec,
    expectedCodecString(streams[0]!),
    'ffprobe has profile, level and depth of the codec',
  );
  t.strictSame(
    new Set([set.codecs, state.codec, ...rows.map((row) => row.codec)]),
    new Set([codec]),
  );
  t.match(set, { width, height });
  t.match(state, { width, height });

  const probedSeconds = (Math.max(...pts) - Math.min(...pts)) / timescale + 1 / FRAME_RATE;
  const listedSeconds =
    set.segments.reduce((sum, { duration }) => sum + duration, 0) / set.timescale;
  const indexedSeconds = (rows.at(-1)!.end_ts - rows[0]!.start_ts) / 1e6;
  // Where the publisher ends, up to three pictures may be missing that would be shown before the last one.
  const mostMissing = name.endsWith('reordered') ? 3 : 0;
  for (const seconds of [probedSeconds, listedSeconds, indexedSeconds]) {
    const missing = seconds * FRAME_RATE - pts.length;
    const isRight = missing > -0.5 && missing < mostMissing + 0.5;
    t.ok(isRight, `${pts.length} pictures are ${pts.length / seconds} a second`);
  }
}
