import { basename } from 'node:path';
import t, { type Test } from 'tap';
import { avOffsets } from '../media/av-offset.ts';
import { decodeBeeps } from '../media/beeps.ts';
import { decodePictures, flashTimes, type Picture } from '../media/flashes.ts';
import { probeSegment, probeSegments } from '../media/probe.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { type LossyPublishing, publishThrough } from '../network/lossy-publishing.ts';
import { StallWatch } from '../network/stall-watch.ts';
import type { Impairment } from '../network/udp-relay.ts';
import { AUDIO_PACKET_MS, FRAME_RATE } from '../publisher/clip.ts';
import { WhipPublisher, type WhipPublisherOptions } from '../publisher/whip-publisher.ts';
import { type RecordedTrack, readDayFolder } from '../server/day-folder.ts';
import { type RecordRow, recordStatus } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

/** How long the networks are bad; `npm run soak` has them so for ten minutes. */
const SECONDS = Number(process.env.SOAK_SECONDS ?? 12);
const FRAME_S = 1 / FRAME_RATE;
const LIP_SYNC_MS = 40;

interface Scenario {
  network: Impairment;
  publisher?: Partial<WhipPublisherOptions>;
  /** Sound is asked for again too; browsers do not offer that. */
  soundIsRecovered?: boolean;
  /** Nobody answers NACKs: pictures are lost for good. */
  picturesAreLost?: boolean;
}

const SCENARIOS: Record<string, Scenario> = {
  'random-loss': { network: { loss: 0.05 } },
  bursts: { network: { bursts: { everyMs: 4000, lengthMs: 200 } } },
  jitter: { network: { jitterMs: 100 } },
  duplication: { network: { duplication: 0.03 } },
  'all-at-once': {
    network: { loss: 0.03, jitterMs: 60, duplication: 0.03 },
    publisher: { audioNacks: true },
    soundIsRecovered: true,
  },
  unanswered: {
    network: { loss: 0.02 },
    publisher: { answerNacks: false },
    picturesAreLost: true,
  },
};

t.test('bad networks', { timeout: (4 * SECONDS + 120) * 1000 }, async (t) => {
  if (!requireFfmpeg(t)) return;
  const { url, root } = await startRecorder(t, { segmentSeconds: 8 });
  const streams = new Map<string, LossyPublishing>();
  for (const [stream, { network, publisher }] of Object.entries(SCENARIOS)) {
    const whip = `${url}/whip/${stream}`;
    streams.set(stream, await publishThrough(t, whip, network, streams.size + 1, publisher));
  }
  const all = [...streams.values()];
  const frames = (count: number) =>
    until(
      `${count} pictures`,
      () => all.every(({ publisher }) => publisher.sent.videoFrames >= count),
      (2 * SECONDS + 30) * 1000,
    );
  const watch = new StallWatch();
  t.teardown(() => watch.stop());
  for (const { publisher } of all) publisher.start();
  await frames(FRAME_RATE);
  for (const { relay } of all) relay.impair();
  await frames((SECONDS + 1) * FRAME_RATE);
  // What is lost at the very end shows in no later packet, so nobody could ask for it.
  for (const { relay } of all) relay.impair(false);
  await frames((SECONDS + 3) * FRAME_RATE);
  for (const { publisher } of all) publisher.pause();

  const rows = new Map<string, RecordRow>();
  for (const [stream, { publisher }] of streams) {
    const { videoPackets, audioPackets } = publisher.sent;
    await until(`all packets of ${stream}`, async () => {
      const row = await recordStatus(url, stream);
      rows.set(stream, row);
      const known = row.tracks.map((track) => track.packets_received + track.packets_lost);
      return known[0] === videoPackets && known[1] === audioPackets;
    });
  }
  await Promise.all(all.map(({ publisher }) => publisher.stop()));
  watch.stop();
  // What this process held up may come too late: packets of 20 ms of sound, about one for a picture.
  const heldUp = Math.ceil(watch.stalledMs / AUDIO_PACKET_MS);
  if (heldUp > 0) t.comment(`the publishers were held up for ${Math.round(watch.stalledMs)} ms`);

  for (const [stream, publishing] of streams) {
    const scenario = SCENARIOS[stream]!;
    await t.test(stream, async (t) => {
      const row = rows.get(stream)!;
      checkCounters(t, scenario, publishing, row, heldUp);
      const { periods } = await readDayFolder(root, stream);
      t.equal(periods.length, 1, 'one Period');
      const { video, audio } = periods[0]!;
      for (const track of [video!, audio!]) await checkSegments(t, track);
      const pictures = await decodePictures([video!.init, ...video!.segments]);
      checkPictures(t, pictures, publishing, row);
      checkDuration(t, video!, audio!, publishing);
      const late = row.dropped_units!.late! + heldUp;
      await checkLipSync(t, pictures, audio!, publishing, late);
    });
  }
});

t.test('on_loss = "keep" records all that came', async (t) => {
  if (!requireFfmpeg(t)) return;
  const { url, root } = await startRecorder(t, { recorder: { on_loss: 'keep' } });
  const publisher = await WhipPublisher.connect({
    whipUrl: `${url}/whip/kept`,
    answerNacks: false,
    drop: ({ kind, index }) => kind === 'video' && index > 40 && index < 150 && index % 9 === 0,
  });
  t.teardown(() => publisher.vanish());
  publisher.start();
  await until('five seconds', () => publisher.sent.videoFrames >= 5 * FRAME_RATE);
  publisher.pause();
  let row: RecordRow | undefined;
  await until('all packets', async () => {
    row = await recordStatus(url, 'kept');
    const { packets_received: received, packets_lost: lost } = row.tracks[0]!;
    return received + lost === publisher.sent.videoPackets;
  });
  await publisher.stop();
  const { access_units: units, access_units_broken: broken } = row!.tracks[0]!;
  t.ok(broken > 0, `${broken} pictures came in part`);
  const { bits_per_second: bits, frames_per_second: frames, width, height } = row!.tracks[0]!;
  t.same({ width, height }, { width: 320, height: 180 });
  t.ok(bits! > 0 && frames! > 0, `${bits} bit/s and ${frames} frames/s`);
  const { periods } = await readDayFolder(root, 'kept');
  t.equal(periods.length, 1);
  const { init, segments } = periods[0]!.video!;
  const probed = await probeSegments([init, ...segments]);
  t.equal(probed.packetCount, units, 'pictures that came, in part or after a lost one');
  t.equal(row!.dropped_units!.undecodable, 0);
});

/** What the recorder tells of the network is what the network did. */
function checkCounters(
  t: Test,
  { network, soundIsRecovered, picturesAreLost }: Scenario,
  { publisher, relay, truth }: LossyPublishing,
  row: RecordRow,
  heldUp: number,
): void {
  const [video, audio] = row.tracks as [RecordRow['tracks'][0], RecordRow['tracks'][0]];
  const lost = truth('video').lost.length;
  const soundLost = truth('audio').lost.length;
  const { overtaken } = truth('video');
  t.comment(
    `of ${publisher.sent.videoPackets} packets of video and ${publisher.sent.audioPackets} of sound ` +
      `${lost} and ${soundLost} were lost, ${overtaken} overtaken; ${relay.duplicated} came twice; ` +
      `${publisher.received.nackedPackets} asked for, ${video.packets_recovered} recovered, ` +
      `${video.plis_sent} PLI, ${video.concealed_ms} and ${audio.concealed_ms} ms concealed`,
  );
  if (network.loss || network.bursts) t.ok(lost > 0 && soundLost > 0, 'packets were lost');
  else t.equal(lost + soundLost, 0);
  const { replayed, ...rejected } = row.rejected!;
  t.same(rejected, { authentication_failures: 0, malformed: 0, unroutable: 0, strangers: 0 });
  // Sound is sent again as it was: where it was only late, it comes twice for that.
  const again = soundIsRecovered ? publisher.received.nackedPackets : 0;
  t.ok(
    replayed! >= relay.duplicated && replayed! <= relay.duplicated + again,
    `${replayed} copies of packets`,
  );

  if (picturesAreLost) {
    t.ok(video.packets_lost >= lost && video.packets_lost <= lost + heldUp, 'all are told');
    t.equal(video.packets_recovered, 0);
    t.ok(video.plis_sent > 0 && video.concealed_ms > 0, 'a keyframe ends what is lost');
  } else {
    t.ok(
      video.packets_lost <= lost / 500 + heldUp,
      `${video.packets_lost} packets of ${lost} not recovered`,
    );
    const recovered = video.packets_recovered + video.packets_lost - lost;
    t.ok(
      recovered >= 0 && recovered <= overtaken / 10 + 10,
      'no more was asked for than was lost, but for few that were late',
    );
    t.ok(video.concealed_ms <= 2000 * video.packets_lost, `${video.concealed_ms} ms concealed`);
  }
  if (soundIsRecovered) t.ok(audio.packets_lost <= soundLost / 500 + heldUp, 'sound was recovered');
  else {
    const late = audio.packets_lost - soundLost;
    t.ok(late >= 0 && late <= heldUp, `${audio.packets_lost} packets of sound were lost`);
    const silent = audio.packets_lost + row.dropped_units!.late!;
    const offMs = audio.concealed_ms - silent * AUDIO_PACKET_MS;
    t.ok(Math.abs(offMs) <= AUDIO_PACKET_MS, 'as much of it is silence');
  }

  // Those of the sound are among the NACKs, where it is asked for.
  const asked = soundIsRecovered ? lost + soundLost : lost;
  const late = soundIsRecovered ? overtaken + truth('audio').overtaken : overtaken;
  const most = (picturesAreLost ? 10 : 2) * asked + late / 8 + 10;
  t.ok(publisher.received.nackedPackets <= most, 'no storm of NACKs');
}

/** Each segment is sound by itself, with nothing but its initialization segment. */
async function checkSegments(t: Test, { init, segments }: RecordedTrack): Promise<void> {
  for (const segment of segments) {
    const { errors } = await probeSegment(init, segment);
    t.same(errors, [], basename(segment));
  }
}

function checkPictures(
  t: Test,
  pictures: Picture[],
  { publisher }: LossyPublishing,
  { tracks, dropped_units: dropped }: RecordRow,
): void {
  const { access_units: whole } = tracks[0]!;
  const { undecodable = 0, disordered = 0, empty = 0 } = dropped!;
  const expected = whole - undecodable - disordered - empty;
  t.equal(pictures.length, expected, 'every whole picture but those dropped');
  if (tracks[0]!.packets_lost === 0) t.equal(pictures.length, publisher.sent.videoFrames);
}

/**
 * The sound may begin earlier than the picture, with silence: where it lies is known only after the
 * first reports. It ends with the picture.
 */
function checkDuration(
  t: Test,
  video: RecordedTrack,
  audio: RecordedTrack,
  { publisher }: LossyPublishing,
): void {
  const { firstFrameAtUs, lastFrameAtUs } = publisher.sent;
  const truth = (lastFrameAtUs - firstFrameAtUs) / 1e6 + FRAME_S;
  const [start, end] = extent(video);
  const [soundStart, soundEnd] = extent(audio);
  const offMs = (end - start - truth) * 1000;
  t.ok(Math.abs(offMs) <= FRAME_S * 1000, `the picture is ${offMs.toFixed(1)} ms too long`);
  t.ok(Math.abs(soundEnd - end) <= FRAME_S, `sound ends at ${soundEnd}, the picture at ${end}`);
  t.ok(soundStart <= start + FRAME_S, `sound begins at ${soundStart}, the picture at ${start}`);
}

/** Begin and end, seconds since the Unix epoch. */
function extent({ described: { segments, timescale } }: RecordedTrack): [number, number] {
  const last = segments.at(-1)!;
  return [segments[0]!.time / timescale, (last.time + last.duration) / timescale];
}

/**
 * Sound and picture are in step wherever both are there: a flash that comes late, because the picture
 * before was held, and a beep of which a packet was lost tell nothing.
 */
async function checkLipSync(
  t: Test,
  pictures: Picture[],
  { init, segments }: RecordedTrack,
  { publisher, truth }: LossyPublishing,
  late: number,
): Promise<void> {
  const held = new Set(
    pictures.flatMap(({ time }, i) => {
      const before = pictures[i - 1]?.time ?? time;
      return time - before > 1.5 * FRAME_S ? [time] : [];
    }),
  );
  // Where the first packet of sound lies, by the last picture: the first one may have been moved.
  const { lastFrameAtUs, firstAudioAtUs } = publisher.sent;
  const zero = pictures.at(-1)!.time - (lastFrameAtUs - firstAudioAtUs) / 1e6;
  const first = publisher.firstSequenceNumber('audio');
  // Sequence numbers wrap after 22 minutes of sound, which no run lasts.
  const lost = new Set(truth('audio').lost.map((number) => (number - first) & 0xffff));
  const isWhole = (time: number) => {
    const index = Math.round(((time - zero) * 1000) / AUDIO_PACKET_MS);
    return ![-2, -1, 0, 1, 2, 3, 4].some((near) => lost.has(index + near));
  };
  const beeps = await decodeBeeps([init, ...segments]);
  const hasBeep = (time: number) => beeps.some((beep) => Math.abs(beep - time) <= 0.5);
  const flashes = flashTimes(pictures).filter(
    // Sound that came too late was replaced too, and where is not known.
    (time) => !held.has(time) && isWhole(time) && (late === 0 || hasBeep(time)),
  );
  const offsets = avOffsets(flashes, beeps);
  t.ok(offsets.length > SECONDS / 3, `${offsets.length} flashes have their beep`);
  const worst = Math.max(...offsets.map(({ offsetMs }) => Math.abs(offsetMs)));
  t.ok(worst <= LIP_SYNC_MS, `at most ${worst.toFixed(1)} ms apart`);
}
