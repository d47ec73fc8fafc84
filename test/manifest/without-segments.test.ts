import t from 'tap';
import { DeletedFiles } from '../../src/manifest/deleted-files.ts';
import { periodsMissing, withPeriods } from '../../src/manifest/merge.ts';
import { writeMpd } from '../../src/manifest/mpd.ts';
import { ManifestError, readMpd } from '../../src/manifest/mpd-reader.ts';
import { NumberRanges } from '../../src/manifest/number-ranges.ts';
import type { ManifestTrack, Presentation } from '../../src/manifest/presentation.ts';
import { SegmentTimeline } from '../../src/manifest/segment-timeline.ts';
import { removeSegments } from '../../src/manifest/without-segments.ts';
import type { TrackKind } from '../../src/media/access-unit.ts';

const DAY_US = Date.UTC(2026, 2, 4) * 1000;
const NOON = DAY_US / 1e6 + 43_200;

/** Segments of so many seconds from noon on. */
function track(kind: TrackKind, seconds: number, count: number): ManifestTrack {
  const timescale = kind === 'video' ? 90_000 : 48_000;
  const timeline = new SegmentTimeline();
  for (let i = 0; i < count; i++) {
    timeline.add((NOON + i * seconds) * timescale, seconds * timescale);
  }
  return {
    ...{ kind, container: 'mp4', codecs: kind === 'video' ? 'avc1.42e01f' : 'opus', timescale },
    ...{ initialization: `${kind}.m4s`, startNumber: 1, timeline, bytes: count * 1000 },
    ...(kind === 'audio' && { channels: 2 }),
  };
}

function presentation(videoSeconds = 12, audioSeconds = 10): Presentation {
  return {
    dayStartUs: DAY_US,
    live: false,
    segmentSeconds: 10,
    periods: [
      {
        id: 'p1',
        ended: true,
        video: track('video', videoSeconds, 120 / videoSeconds),
        audio: track('audio', audioSeconds, 120 / audioSeconds),
      },
    ],
  };
}

function remove(
  from: Presentation,
  removed: Record<TrackKind, readonly number[]>,
  isGrowing = false,
): void {
  let next = 1;
  const isRemoved = (kind: TrackKind, number: number) => removed[kind].includes(number);
  removeSegments(from, isRemoved, { isGrowing, nextId: () => `p${++next}` });
}

/** First number, number of segments and start in seconds after noon of each track. */
function shape({ periods }: Presentation) {
  return periods.map(({ id, startsAt, video, audio }) => ({
    id,
    ...(startsAt && { startsAt: startsAt.ticks / startsAt.timescale - NOON }),
    ...Object.fromEntries(
      [video, audio]
        .filter((each) => each !== undefined)
        .map(({ kind, startNumber, timeline, timescale }) => [
          kind,
          [startNumber, timeline.count, timeline.startTicks / timescale - NOON],
        ]),
    ),
  }));
}

function written(it: Presentation): string {
  return writeMpd(it, { nowUs: DAY_US });
}

t.test('what leaves at the beginning', async (t) => {
  const it = presentation();
  remove(it, { video: [1, 2], audio: [1, 2] });
  t.same(shape(it), [{ id: 'p1', startsAt: 24, video: [3, 8, 24], audio: [3, 10, 20] }]);
  const text = written(it);
  // The Period begins with the picture, and the sound before it is not played.
  t.match(text, `presentationTimeOffset="${(NOON + 24) * 90_000}"`);
  t.match(text, `presentationTimeOffset="${(NOON + 24) * 48_000}"`);
  t.match(text, 'mediaPresentationDuration="PT96S"');
  t.equal(written(readMpd(text)), text, 'it is read as it was written');
  t.equal(it.periods[0]!.video!.bytes, 8000);

  remove(it, { video: [3], audio: [3, 4, 5] });
  t.same(shape(it), [{ id: 'p1', video: [4, 7, 36], audio: [6, 7, 50] }], 'picture first');
});

t.test('a hole in the middle', async (t) => {
  const it = presentation(10, 10);
  remove(it, { video: [4, 5], audio: [4, 5] });
  t.same(shape(it), [
    { id: 'p2', video: [1, 3, 0], audio: [1, 3, 0] },
    { id: 'p1', video: [6, 7, 50], audio: [6, 7, 50] },
  ]);
  t.equal(written(readMpd(written(it))), written(it));
});

t.test('a hole whose ends differ', async (t) => {
  const it = presentation();
  remove(it, { video: [3, 4], audio: [3, 4] });
  t.same(shape(it), [
    { id: 'p2', video: [1, 2, 0], audio: [1, 2, 0] },
    { id: 'p1', startsAt: 48, video: [5, 6, 48], audio: [5, 8, 40] },
  ]);
});

t.test('everything, and the end', async (t) => {
  const all = {
    video: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    audio: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  };
  const it = presentation();
  remove(it, all);
  t.same(it.periods, []);

  // A Period that is being recorded stays: its tracks go on.
  const live = presentation();
  const { video } = live.periods[0]!;
  remove(live, all, true);
  t.equal(live.periods[0]!.video, video);
  t.same(shape(live), [{ id: 'p1', video: [11, 0, -NOON], audio: [13, 0, -NOON] }]);

  const end = presentation(10, 10);
  remove(end, { video: [12], audio: [12] });
  t.same(shape(end), [{ id: 'p1', video: [1, 11, 0], audio: [1, 11, 0] }]);
  const liveEnd = presentation(10, 10);
  remove(liveEnd, { video: [12], audio: [12] }, true);
  t.same(shape(liveEnd), [
    { id: 'p2', video: [1, 11, 0], audio: [1, 11, 0] },
    { id: 'p1', video: [13, 0, -NOON], audio: [13, 0, -NOON] },
  ]);
});

t.test('the numbers of what was deleted', async (t) => {
  const deleted = new DeletedFiles();
  deleted.seg.video.add(1, 500);
  deleted.seg.video.add(502);
  deleted.init.audio.add(1);
  deleted.lastPeriod = 3;
  t.equal(deleted.toXml(), '<!-- deleted: seg 1-500 502, audio_init 1, period 3 -->\n');
  const it: Presentation = { ...presentation(), deleted };
  const text = written(it);
  const read = readMpd(text);
  t.same(read.deleted, deleted);
  t.equal(written(read), text);
  t.same(readMpd(written({ ...it, periods: [] })).deleted, deleted, 'also without a segment');
  t.throws(() => readMpd(text.replace('1-500', '500-1')), ManifestError);
  t.throws(() => readMpd(text.replace('audio_init', 'other')), ManifestError);
});

t.test('an older manifest brings nothing back', async (t) => {
  const older = presentation(10, 10);
  const ours: Presentation = { ...presentation(10, 10), deleted: new DeletedFiles() };
  for (const kind of ['video', 'audio'] as const) ours.deleted!.seg[kind].add(1, 4);
  remove(ours, { video: [1, 2, 3, 4], audio: [1, 2, 3, 4] });
  t.same(periodsMissing(older, ours), []);
  t.same(shape(withPeriods(ours, older.periods)), shape(ours));
  t.equal(older.periods[0]!.video!.timeline.count, 12, 'which is not changed');
});

t.test('ranges of numbers', async (t) => {
  const ranges = new NumberRanges();
  t.ok(ranges.isEmpty);
  t.equal(ranges.last, 0);
  for (const number of [5, 1, 2, 9, 3, 4, 7]) ranges.add(number);
  t.equal(String(ranges), '1-5 7 9');
  t.same([...ranges.numbers()], [1, 2, 3, 4, 5, 7, 9]);
  for (let number = 0; number < 11; number++) {
    t.equal(ranges.has(number), [1, 2, 3, 4, 5, 7, 9].includes(number), String(number));
  }
  ranges.add(6, 8);
  t.equal(String(ranges), '1-9');
  t.equal(ranges.last, 9);
  t.equal(String(NumberRanges.parse('1-5 7')), '1-5 7');
  for (const text of ['', '1-', '5-1', '1 2', '3 1', '1-2,4', 'x']) {
    t.equal(NumberRanges.parse(text), undefined, text);
  }
});
