import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import t, { type Test } from 'tap';
import { avOffsets } from '../media/av-offset.ts';
import { decodeBeeps } from '../media/beeps.ts';
import { demuxSegments } from '../media/demux.ts';
import { decodeFlashes } from '../media/flashes.ts';
import { probeSegments } from '../media/probe.ts';
import { readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { WhipPublisher, type WhipPublisherOptions } from '../publisher/whip-publisher.ts';
import { type DayFolder, type RecordedTrack, readDayFolder } from '../server/day-folder.ts';
import { recordStatus } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

/** 11.5 s: the last segment of 2 s is cut short and has a flash in it all the same. */
const FRAMES = 345;
const HOUR_MS = 3_600_000;
const LIP_SYNC_MS = 20;

const LATE_MS = 150;

/**
 * Streams that must come out alike, whatever happens between capture and recorder. Without sender
 * reports nobody can know that the sound was late on its way: there the offset must show, or the
 * measurement is worth nothing.
 */
const STREAMS: Record<string, Partial<WhipPublisherOptions>> = {
  plain: {},
  'video-late': { videoDelayMs: LATE_MS, clockOffsetMs: 3 * HOUR_MS },
  'audio-late': { audioDelayMs: LATE_MS, clockOffsetMs: -3 * HOUR_MS },
  'no-reports': { audioDelayMs: LATE_MS, senderReports: false },
};

type Probe = typeof probeSegments;

t.test('from WHIP to DASH', async (t) => {
  // Without it the files are taken apart, but not decoded.
  const hasFfmpeg = requireFfmpeg(t);
  const probe = hasFfmpeg ? probeSegments : demuxSegments;
  const { url, root } = await startRecorder(t);
  const publishers = new Map<string, WhipPublisher>();
  for (const [stream, options] of Object.entries(STREAMS)) {
    const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/${stream}`, ...options });
    t.teardown(() => publisher.vanish());
    publishers.set(stream, publisher);
  }
  for (const publisher of publishers.values()) publisher.start();
  const plain = publishers.get('plain')!;

  await until('six seconds of pictures', () => plain.sent.videoFrames >= 180);
  const status = await recordStatus(url, 'plain');
  t.match(status, { recording: true, state: 'recording' });
  const running = await fetch(`${url}/api/record/object/${status.mpd_path}`);
  t.equal(running.headers.get('content-type'), 'application/dash+xml');
  const live = readMpd(await running.text());
  t.equal(live.type, 'dynamic', 'the manifest is dynamic while recording');
  t.equal(live.periods.length, 1);
  t.same(live.periods[0]!.adaptationSets.map((set) => set.contentType).sort(), ['audio', 'video']);

  await until('all pictures', () => plain.sent.videoFrames >= FRAMES);
  await Promise.all([...publishers.values()].map((publisher) => publisher.stop()));
  t.match(await recordStatus(url, 'plain'), { recording: false, state: 'idle' });

  for (const [stream, publisher] of publishers) {
    await t.test(stream, async (t) => {
      const day = await readDayFolder(root, stream);
      await checkFiles(t, day);
      await checkMedia(t, day, publisher, probe);
      if (hasFfmpeg) await checkLipSync(t, day, stream === 'no-reports' ? LATE_MS : 0);
      if (stream !== 'plain') return;
      await checkSegments(t, day, probe);
      await checkObjects(t, url, day, status.record_dir!);
    });
  }
});

function onlyPeriod(day: DayFolder): { video: RecordedTrack; audio: RecordedTrack } {
  const [period] = day.periods;
  if (day.periods.length !== 1 || !period?.video || !period.audio) {
    throw new Error(`not one period with both tracks, but ${JSON.stringify(day.mpd)}`);
  }
  return { video: period.video, audio: period.audio };
}

async function checkFiles(t: Test, day: DayFolder): Promise<void> {
  t.equal(day.mpd.type, 'static', 'the manifest is static after the end');
  const { video, audio } = onlyPeriod(day);
  t.equal(basename(video.init), 'init.m4s');
  t.equal(basename(audio.init), 'audio_init.m4s');
  t.match(video.described, { mimeType: 'video/mp4', timescale: 90_000, width: 320, height: 180 });
  t.match(audio.described, { mimeType: 'audio/mp4', timescale: 48_000, codecs: 'opus' });
  for (const [prefix, { segments }] of Object.entries({ seg: video, audio_seg: audio })) {
    t.ok(segments.length >= 3, `${segments.length} ${prefix} files`);
    t.same(
      segments.map((path) => basename(path)),
      segments.map((_, i) => `${prefix}_${String(i + 1).padStart(4, '0')}.m4s`),
    );
  }
  const listed = [video, audio].flatMap(({ init, segments }) => [init, ...segments]);
  const expected = ['manifest.mpd', ...listed.map((path) => basename(path))].sort();
  t.same(day.names, expected, 'what is in the folder is what the manifest lists');
}

/**
 * A track that comes later than the other one, because it is held up or the machine is busy, has its
 * beginning or end filled so that both are equally long: the first picture stays longer, silence stands
 * in for sound. In between nothing may be uneven.
 */
async function checkMedia(
  t: Test,
  day: DayFolder,
  { sent }: WhipPublisher,
  probe: Probe,
): Promise<void> {
  const { video, audio } = onlyPeriod(day);
  const pictures = await checkTrack(t, video, probe);
  t.equal(pictures.length, sent.videoFrames, 'as many pictures decode as were sent');
  const uneven = pictures.filter((pts, i) => i > 1 && Math.abs(pts - pictures[i - 1]! - 3000) > 9);
  t.equal(uneven.length, 0, 'pictures are a thirtieth of a second apart, also across segments');
  const errorUs = (pictures[0]! / 90_000) * 1e6 - sent.firstFrameAtUs;
  t.ok(Math.abs(errorUs) < 200_000, `the first picture is ${errorUs / 1000} ms off the truth`);

  const packets = await checkTrack(t, audio, probe);
  const most = Math.ceil((2 * LATE_MS) / 20);
  const gaps = packets.filter(
    (pts, i) => i > most && i < packets.length - most && pts - packets[i - 1]! !== 960,
  );
  t.equal(gaps.length, 0, 'sound packets are 20 ms apart, also across segments');
  const longest = Math.max(sent.audioPackets, (sent.videoFrames / 30) * 50) + most;
  const { length } = packets;
  t.ok(length >= sent.audioPackets - 1 && length <= longest, `${length} of ${longest} packets`);
}

/** @returns presentation timestamps of all frames of a track, in ticks */
async function checkTrack(
  t: Test,
  { init, segments }: RecordedTrack,
  probe: Probe,
): Promise<number[]> {
  const probed = await probe([init, ...segments]);
  t.same(probed.errors, [], 'all segments in a row are sound');
  return probed.pts;
}

/** Each segment is complete by itself, with nothing but its initialization segment. */
async function checkSegments(t: Test, day: DayFolder, probe: Probe): Promise<void> {
  for (const { init, segments, described } of Object.values(onlyPeriod(day))) {
    for (const [i, segment] of segments.entries()) {
      const name = basename(segment);
      const probed = await probe([init, segment]);
      t.same(probed.errors, [], `${name} is sound`);
      t.equal(probed.streams.length, 1);
      const { codecType, codecName } = probed.streams[0]!;
      t.equal(codecName, codecType === 'video' ? 'h264' : 'opus');
      t.equal(probed.keyframePts[0], probed.pts[0], `${name} begins with a keyframe`);
      t.equal(described.segments[i]!.time, probed.pts[0], `the manifest has the time of ${name}`);
    }
  }
}

async function checkLipSync(t: Test, day: DayFolder, expectedMs: number): Promise<void> {
  const { video, audio } = onlyPeriod(day);
  const flashes = await decodeFlashes([video.init, ...video.segments]);
  const beeps = await decodeBeeps([audio.init, ...audio.segments]);
  const offsets = avOffsets(flashes, beeps);
  t.ok(offsets.length >= 11, `${offsets.length} flashes have their beep`);
  const { segments, timescale } = video.described;
  for (const [name, { time, duration }] of [
    ['first', segments[0]!],
    ['last', segments.at(-1)!],
  ] as const) {
    const inside = offsets.filter(
      (one) => one.time >= time / timescale && one.time < (time + duration) / timescale,
    );
    t.not(inside.length, 0, `the ${name} segment has a flash`);
  }
  for (const { offsetMs } of offsets) {
    t.ok(Math.abs(offsetMs - expectedMs) <= LIP_SYNC_MS, `sound is ${offsetMs.toFixed(2)} ms late`);
  }
}

async function checkObjects(t: Test, url: string, day: DayFolder, dir: string): Promise<void> {
  const { video, audio } = onlyPeriod(day);
  for (const [type, path] of [
    ['video/mp4', video.init],
    ['video/mp4', video.segments[0]!],
    ['audio/mp4', audio.init],
    ['audio/mp4', audio.segments[0]!],
    ['application/dash+xml', `${day.path}/manifest.mpd`],
  ] as const) {
    const address = `${url}/api/record/object/${dir}/${basename(path)}`;
    const reply = await fetch(address);
    t.equal(reply.status, 200, basename(path));
    t.equal(reply.headers.get('content-type')?.split(';')[0], type);
    const file = await readFile(path);
    t.ok(Buffer.from(await reply.arrayBuffer()).equals(file), 'the very bytes of the file');
    const part = await fetch(address, { headers: { range: 'bytes=10-19' } });
    t.equal(part.status, 206);
    t.ok(
      Buffer.from(await part.arrayBuffer()).equals(file.subarray(10, 20)),
      'and a range of them',
    );
  }
}
