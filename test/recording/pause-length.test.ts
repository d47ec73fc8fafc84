import t from 'tap';
import type { TrackKind } from '../../src/media/access-unit.ts';
import { TICKS_PER_SECOND, TIMESCALE } from '../../src/media/media-time.ts';
import { AudioTrack } from '../../src/recording/audio-track.ts';
import { DroppedUnits } from '../../src/recording/dropped-units.ts';
import { StreamTimeline } from '../../src/recording/stream-timeline.ts';
import { VideoTrack } from '../../src/recording/video-track.ts';
import { NOON_US, section } from './simulated-publisher.ts';

const KINDS = ['video', 'audio'] as const;
const UNITS_PER_SECOND = { video: 25, audio: 50 };
/** Media is sent for so long before the pause, s. */
const BEFORE = 10;

/** How what happens lies to each other. All times in seconds. */
interface Course {
  pausing: TrackKind;
  pause: number;
  /** Of the reports, after the start of each second. */
  reportPhase: number;
  /** Of the recorder's look at the clocks, four times a second. */
  tickPhase: number;
  /** Packets are under way for up to so much longer. */
  jitter: number;
  /** How much longer packets are under way in the first second after the pause. */
  slow: number;
}

/**
 * Lets a track pause that reports tell the truth of, as in a call on a phone.
 * @param seconds after the pause
 * @returns how much later the track that paused lies than the other one by then, s
 */
function follow(course: Course, seconds: number): number {
  const { pausing, pause, reportPhase, tickPhase, jitter } = course;
  const dropped = new DroppedUnits();
  const video = new VideoTrack(section('video'), 'freeze', dropped, () => {});
  const tracks = { video, audio: new AudioTrack(section('audio'), dropped) };
  const timeline = new StreamTimeline(tracks.video, tracks.audio);
  const events: { at: number; happen(arrivalUs: number): void }[] = [];
  const placed = { video: 0, audio: 0 };
  const end = BEFORE + pause + seconds;
  /** What reports say of a time since the start, s of RTP time. */
  const mediaAt = (kind: TrackKind, s: number) => {
    if (kind !== pausing) return s;
    return s > BEFORE + pause ? s - pause : Math.min(s, BEFORE);
  };
  let random = 1;
  const next = () => {
    random = (random * 48_271) % 2_147_483_647;
    return random / 2_147_483_647;
  };
  for (const kind of KINDS) {
    const { clock } = tracks[kind].anchor;
    const rate = UNITS_PER_SECOND[kind];
    for (let i = 0; ; i++) {
      const isAfter = kind === pausing && i >= BEFORE * rate;
      const captured = i / rate + (isAfter ? pause : 0);
      if (captured > end) break;
      const slow = isAfter && i < (BEFORE + 1) * rate ? course.slow : 0;
      events.push({
        at: captured + 0.01 + next() * jitter + slow,
        happen(arrivalUs) {
          const ticks = clock.advance((i * TIMESCALE[kind]) / rate, arrivalUs);
          timeline.anchor(kind, arrivalUs, 0);
          const mediaTime = ticks / TIMESCALE[kind] + timeline.base(kind) / TICKS_PER_SECOND;
          placed[kind] = mediaTime - NOON_US / 1e6 - captured;
        },
      });
    }
    for (let due = reportPhase; due < end; due++) {
      // Nobody is punctual: 1 ms more or less decides whether a pause looks longer than a second.
      const s = due + 0.004 * next();
      const ntpUs = NOON_US + s * 1e6;
      const rtpTimestamp = Math.round(mediaAt(kind, s) * TIMESCALE[kind]);
      events.push({
        at: s + 0.01,
        happen: (arrivalUs) => timeline.report(kind, { ntpUs, rtpTimestamp, arrivalUs }),
      });
    }
  }
  for (let s = tickPhase; s < end; s += 0.25) {
    events.push({
      at: s,
      happen(nowUs) {
        timeline.settle(nowUs, false, 0);
        timeline.tick(nowUs);
      },
    });
  }
  for (const { at, happen } of events.sort((a, b) => a.at - b.at)) happen(NOON_US + at * 1e6);
  return pausing === 'audio' ? placed.audio - placed.video : placed.video - placed.audio;
}

/** @returns how far the track is off at most, s, whenever reports and looks at the clocks come */
function worst(of: Pick<Course, 'pausing' | 'pause' | 'jitter' | 'slow'>, seconds: number): number {
  let most = 0;
  for (let reportPhase = 0.003; reportPhase < 1; reportPhase += 0.1) {
    for (let tickPhase = 0.001; tickPhase < 0.25; tickPhase += 0.05) {
      most = Math.max(most, Math.abs(follow({ ...of, reportPhase, tickPhase }, seconds)));
    }
  }
  return most;
}

for (const pausing of KINDS) {
  for (const pause of [0.6, 1.25, 1.5, 3, 4.5]) {
    t.test(`${pausing} that pauses for ${pause} s, whenever reports come`, async (t) => {
      for (const jitter of [0, 0.03]) {
        const off = worst({ pausing, pause, jitter, slow: 0 }, 7);
        t.ok(off < 0.025, `${off.toFixed(3)} s off 7 s after it, with ${jitter} s of jitter`);
      }
      const slow = worst({ pausing, pause, jitter: 0, slow: 0.1 }, 7);
      t.ok(slow < 0.025, `${slow.toFixed(3)} s off where packets are slow right after it`);
      if (pause < 1) return;
      const soon = worst({ pausing, pause, jitter: 0.03, slow: 0 }, 1.5);
      t.ok(soon < 0.025, `${soon.toFixed(3)} s off as soon as there is a report after it`);
    });
  }
}
