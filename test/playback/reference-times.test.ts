import t from 'tap';
import type { ReferenceTime } from '../../src/manifest/presentation.ts';
import { trackTicksToUs } from '../../src/media/media-time.ts';
import { Timescale } from '../../src/media/timescale.ts';
import type { RangeSegment, RangeTrack } from '../../src/playback/recorded-range.ts';
import { referenceTimes } from '../../src/playback/reference-times.ts';
import { StreamClock, TrackWallClock } from '../../src/recording/stream-clock.ts';

const START_US = Date.UTC(2026, 2, 4) * 1000;
const DAY_SECONDS = 86_400;
const PER_SECOND = 90_000;

/** A day of segments of 2 s as a stream's clock places them, whose sender's clock runs so much fast. */
function dayOf(driftPpm: (seconds: number) => number) {
  const clock = new StreamClock();
  const wallClock = new TrackWallClock(clock, new Timescale(PER_SECOND), 0);
  const startTime = (START_US / 1e6) * PER_SECOND;
  const segments: RangeSegment[] = [];
  let nowUs = START_US;
  for (let second = 0; second < DAY_SECONDS; second += 2) {
    nowUs += 2e6 / (1 + driftPpm(second) / 1e6);
    const time = startTime + second * PER_SECOND;
    clock.steer(nowUs, nowUs - trackTicksToUs(time + 2 * PER_SECOND, PER_SECOND));
    segments.push({
      ...{ path: '', number: segments.length + 1, size: 1, isKeyframe: true, keyframes: [] },
      ...{ startTime: time, duration: 2 * PER_SECOND },
      startUs: wallClock.us(time),
      endUs: wallClock.us(time + 2 * PER_SECOND),
    });
  }
  const track: RangeTrack = {
    ...{ kind: 'video', container: 'mp4', codecs: 'avc1.42e01f', timescale: PER_SECOND },
    ...{ initPath: 'init.m4s', segments },
  };
  return { track, us: (time: number) => wallClock.us(time) };
}

/** What a player makes of references. */
function interpolated(references: ReferenceTime[], time: number): number {
  const after = references.findIndex((reference) => reference.time > time);
  const at = after < 0 ? references.length - 1 : Math.max(1, after);
  const [a, b] = [references[at - 1]!, references[at]!];
  return a.us + ((time - a.time) / (b.time - a.time)) * (b.us - a.us);
}

for (const [name, drift] of [
  ['a usual crystal', () => 50],
  ['one that is as far off as can be followed', () => -480],
  // The network's delay looks like a clock that runs fast and slow.
  ['one that changes all the time', (second: number) => 300 * Math.sin(second / 900)],
] as const) {
  t.test(`the wall clock of any picture of a day: ${name}`, async (t) => {
    const { track, us } = dayOf(drift);
    const references = referenceTimes(track);
    let worst = 0;
    for (const { startTime, startUs, endUs, duration } of track.segments) {
      // At the end, where the index tells, and in between, where only the clock did.
      for (const share of [0, 0.25, 0.5, 0.75]) {
        const time = startTime + share * duration;
        const trueUs = share === 0 ? startUs : startUs + share * (endUs - startUs);
        worst = Math.max(worst, Math.abs(interpolated(references, time) - trueUs));
      }
    }
    t.ok(worst <= 10_000, `off by ${worst} µs at most`);
    t.ok(references.length <= 200, `told by ${references.length} references`);
    t.equal(references[0]!.us, track.segments[0]!.startUs);
    t.equal(references.at(-1)!.us, track.segments.at(-1)!.endUs);
    const last = track.segments.at(-1)!;
    t.equal(us(last.startTime + last.duration), last.endUs);
    const driftUs = Math.abs(
      last.endUs - trackTicksToUs(last.startTime + last.duration, PER_SECOND),
    );
    t.ok(driftUs > 100_000, `without references it would be ${driftUs} µs`);
  });
}

t.test('a single segment', async (t) => {
  const { track } = dayOf(() => 0);
  track.segments.splice(1);
  const [segment] = track.segments;
  t.same(referenceTimes(track), [
    { time: segment!.startTime, us: segment!.startUs },
    { time: segment!.startTime + segment!.duration, us: segment!.endUs },
  ]);
});
