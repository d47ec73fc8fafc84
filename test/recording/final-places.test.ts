import t from 'tap';
import { containerNamed } from '../../src/containers/registry.ts';
import { WriteQueue } from '../../src/files/write-queue.ts';
import type { TrackKind } from '../../src/media/access-unit.ts';
import { TICKS_PER_SECOND, TIMESCALE, type Ticks, toTicks } from '../../src/media/media-time.ts';
import { H264_TIMESCALE, OPUS_TIMESCALE, Timescale } from '../../src/media/timescale.ts';
import { AudioTrack } from '../../src/recording/audio-track.ts';
import { DroppedUnits } from '../../src/recording/dropped-units.ts';
import { StreamTimeline } from '../../src/recording/stream-timeline.ts';
import { TrackWriter } from '../../src/recording/track-writer.ts';
import { VideoTrack } from '../../src/recording/video-track.ts';
import { videoFrames } from '../publisher/clip.ts';
import { seededRandom } from '../rtp/packets.ts';
import { repeat } from '../thoroughness.ts';
import { NOON_US, section } from './simulated-publisher.ts';

const KINDS: readonly TrackKind[] = ['video', 'audio'];

const KEYFRAME = videoFrames('flash-and-beep.h264')[0]!;

/** Video whose first picture has come, which shows that pictures are sent as they are shown. */
function videoTrack(): VideoTrack {
  const video = new VideoTrack(section('video'), 'freeze', new DroppedUnits(), () => {});
  const { keyframe, units: parts } = KEYFRAME;
  const discontinuity = false;
  const unit = {
    codec: 'h264',
    rtpTimestamp: 0,
    arrivalUs: NOON_US,
    keyframe,
    discontinuity,
    parts,
  };
  video.push(unit, 0);
  return video;
}

/** A writer of a Period whose files are never written. */
function writerOf(kind: TrackKind, timescale: Timescale): TrackWriter {
  return new TrackWriter({
    kind,
    container: containerNamed('mp4'),
    isLengthPrefixed: true,
    timescale,
    rebase: 0,
    segmentSeconds: 60,
    folder: undefined as never,
    mayCut: () => true,
    openTrack: () => Promise.reject(new Error('nothing is written')),
    owner: { failed: false },
    queue: new WriteQueue(new Promise(() => {}), () => Promise.resolve()),
    onCommitted() {},
    requestKeyframe() {},
  });
}

/**
 * A publisher comes at the end of another one, and its reports move what it has sent already.
 * @param files timescales of the files of each kind
 * @returns how far each of its tracks begins before the end of the one before, ticks
 */
function overlapsOf(seed: number, files: Record<TrackKind, Timescale>): Record<TrackKind, Ticks> {
  const random = seededRandom(seed);
  const video = videoTrack();
  const audio = new AudioTrack(section('audio'), new DroppedUnits());
  const tracks = { video, audio };
  const timeline = new StreamTimeline(video, audio);
  const arrivalUs = NOON_US + Math.floor(random() * 86_400e6);
  const senderUs = random() * 4e15;
  // Where a tick more or less is decided.
  const endOf = (kind: TrackKind) => files[kind].round(toTicks(arrivalUs - random() * 50));
  const ends = { video: endOf('video'), audio: endOf('audio') };
  const writers = KINDS.map((kind) => {
    const { anchor, timescale } = tracks[kind];
    const rtpTimestamp = Math.floor(random() * 2 ** 32);
    const ticks = anchor.clock.advance(rtpTimestamp, arrivalUs);
    timeline.anchor(kind, arrivalUs, 0);
    const delayUs = random() < 0.5 ? 0 : Math.floor(random() * 20_000);
    timeline.report(kind, { ntpUs: senderUs - delayUs, rtpTimestamp, arrivalUs });
    const writer = writerOf(kind, files[kind]);
    timeline.adopt(writer, ends[kind]);
    const place = timeline.base(kind) + timescale.toTicks(ticks);
    const start = Math.max(place, files[kind].ceil(ends[kind]));
    const end = start + TICKS_PER_SECOND / 50;
    writer.write({ start, end, keyframe: true, parts: [Buffer.alloc(1)] });
    return writer;
  });
  timeline.settle(arrivalUs, true, 0);
  const [pictures, sound] = writers.map(({ startTime }) => startTime!);
  return { video: ends.video - pictures!, audio: ends.audio - sound! };
}

t.test('no track begins before the end of the one before once its place is final', async (t) => {
  for (const [codecs, files] of [
    ['H264 and Opus', { video: H264_TIMESCALE, audio: OPUS_TIMESCALE }],
    ['VP8 and Opus', { video: new Timescale(1000), audio: OPUS_TIMESCALE }],
    ['H264 and Opus after G.711', { video: H264_TIMESCALE, audio: new Timescale(8000) }],
  ] as const) {
    const early: string[] = [];
    for (let seed = 0; seed < repeat(20_000, 4000); seed++) {
      const overlaps = overlapsOf(seed, files);
      for (const kind of KINDS) {
        if (overlaps[kind] > 0) early.push(`seed ${seed}: ${kind} by ${overlaps[kind]} ticks`);
      }
    }
    t.same(early, [], codecs);
  }
});

t.test('reports of nothing that was sent yet do not make a place final', async (t) => {
  const video = videoTrack();
  const audio = new AudioTrack(section('audio'), new DroppedUnits());
  const tracks = { video, audio };
  const timeline = new StreamTimeline(video, audio);
  const timestamps = { video: 3_000_000_000, audio: 500 };
  for (const kind of KINDS) {
    tracks[kind].anchor.clock.advance(timestamps[kind], NOON_US);
    timeline.anchor(kind, NOON_US, 0);
    // webrtc-rs counts from timestamp 0 before it has forwarded a packet.
    timeline.report(kind, { ntpUs: NOON_US, rtpTimestamp: 0, arrivalUs: NOON_US });
  }
  t.equal(timeline.settle(NOON_US, false, 0), undefined, 'they are no reason to wait no longer');
  // A keyframe is sent when it is shown, and a picture that others are shown before 0.1 s earlier.
  const sentUs = NOON_US + 1e6 / 30;
  const next = { video: timestamps.video + 12_000, audio: timestamps.audio + 1600 };
  for (const kind of KINDS) {
    tracks[kind].anchor.clock.advance(next[kind], sentUs);
    timeline.report(kind, { ntpUs: sentUs, rtpTimestamp: next[kind], arrivalUs: sentUs });
  }
  t.equal(timeline.settle(sentUs, false, 0), undefined, 'but packets come less and less late');
  for (const kind of KINDS) {
    tracks[kind].anchor.clock.advance(next[kind] + TIMESCALE[kind], sentUs + 1e6);
  }
  t.ok(timeline.settle(sentUs + 1e6, false, 0), 'those of what was sent are');
  const ofPicture = timeline.base('video') + video.timescale.toTicks(next.video);
  const ofSound = timeline.base('audio') + audio.timescale.toTicks(next.audio);
  const apart = Math.abs(ofPicture - ofSound);
  t.ok(apart <= 15, `they say what belongs together, to ${apart} ticks`);
});
