import t from 'tap';
import { periodsMissing, withPeriods } from '../../src/manifest/merge.ts';
import { writeMpd } from '../../src/manifest/mpd.ts';
import { readMpd } from '../../src/manifest/mpd-reader.ts';
import type {
  ManifestPeriod,
  ManifestTrack,
  Presentation,
} from '../../src/manifest/presentation.ts';
import { SegmentTimeline } from '../../src/manifest/segment-timeline.ts';

const DAY_US = Date.UTC(2026, 2, 4) * 1000;

function track(kind: 'video' | 'audio', startNumber: number, count: number): ManifestTrack {
  const timescale = kind === 'video' ? 90_000 : 48_000;
  const timeline = new SegmentTimeline();
  const dayStart = (DAY_US / 1e6) * timescale;
  for (let i = 0; i < count; i++) {
    timeline.add(dayStart + (startNumber + i) * 2 * timescale, 2 * timescale);
  }
  return {
    kind,
    container: 'mp4',
    codecs: kind === 'video' ? 'avc1.42c00d' : 'opus',
    timescale,
    initialization: kind === 'video' ? 'init.m4s' : 'audio_init.m4s',
    startNumber,
    timeline,
    bytes: count * 1000,
  };
}

/** A Period of both tracks, the same segments of each. */
function period(id: string, startNumber: number, count: number): ManifestPeriod {
  return {
    id,
    video: track('video', startNumber, count),
    audio: track('audio', startNumber, count),
    ended: true,
  };
}

function presentation(...periods: ManifestPeriod[]): Presentation {
  return { dayStartUs: DAY_US, live: false, segmentSeconds: 2, periods };
}

/** Numbers of the first and last segment of each Period's video. */
function spans({ periods }: Presentation): [string, number, number][] {
  return periods.map(({ id, video }) => [
    id,
    video!.startNumber,
    video!.startNumber + video!.timeline.count - 1,
  ]);
}

function merged(stored: Presentation, ours: Presentation): Presentation {
  const missing = periodsMissing(stored, ours);
  const result = withPeriods(ours, missing);
  t.same(periodsMissing(stored, result), [], 'nothing is missing after');
  t.same(periodsMissing(ours, result), [], 'nor of ours');
  // Writing and reading it shows that identifiers and times are in order.
  const read = readMpd(writeMpd(result, { nowUs: DAY_US }));
  t.same(spans(read), spans(result));
  return result;
}

t.test('a manifest that goes on from the stored one lacks nothing', async (t) => {
  t.same(periodsMissing(presentation(period('p1', 1, 3)), presentation(period('p1', 1, 5))), []);
  t.same(periodsMissing(presentation(), presentation(period('p1', 1, 5))), []);
});

t.test(
  'what was begun without the stored one gets its Periods, in the order of time',
  async (t) => {
    const stored = presentation(period('p1', 1, 3), period('p2', 10, 2));
    t.same(spans(merged(stored, presentation(period('p1', 50, 4)))), [
      ['mp1', 1, 3],
      ['p2', 10, 11],
      ['p1', 50, 53],
    ]);
    const between = presentation(period('p1', 5, 2), period('p2', 60, 1));
    t.same(spans(merged(stored, between)), [
      ['mp1', 1, 3],
      ['p1', 5, 6],
      ['mp2', 10, 11],
      ['p2', 60, 60],
    ]);
  },
);

t.test('a stored Period that is longer than ours takes its place', async (t) => {
  const ours = presentation(period('p1', 1, 3), period('p2', 20, 1));
  t.same(spans(merged(presentation(period('p1', 1, 5)), ours)), [
    ['p1', 1, 5],
    ['p2', 20, 20],
  ]);
});

t.test('a Period with one track alone counts too', async (t) => {
  const alone: ManifestPeriod = { id: 'p1', audio: track('audio', 1, 2), ended: true };
  const ours = presentation(period('p1', 50, 1));
  t.equal(periodsMissing(presentation(alone), ours).length, 1);
  t.equal(withPeriods(ours, [alone]).periods[0]!.audio!.startNumber, 1);
});
