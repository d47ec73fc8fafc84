import t from 'tap';
import { SegmentTimeline } from '../../src/manifest/segment-timeline.ts';

t.test('runs of equal segments are one element', async (t) => {
  const timeline = new SegmentTimeline();
  t.match(timeline, { count: 0, startTicks: 0, endTicks: 0, longestTicks: 0 });
  t.equal(timeline.toXml(), '<SegmentTimeline></SegmentTimeline>');
  for (const [start, duration] of [
    [1000, 10],
    [1010, 10],
    [1020, 10],
    [1030, 12],
    [1042, 10],
    [1060, 10],
    [1070, 10],
  ] as const) {
    timeline.add(start, duration);
  }
  t.match(timeline, { count: 7, startTicks: 1000, endTicks: 1080, longestTicks: 12 });
  t.equal(
    timeline.toXml(),
    '<SegmentTimeline><S t="1000" d="10" r="2"/><S d="12"/><S d="10"/><S t="1060" d="10" r="1"/></SegmentTimeline>',
  );
  t.equal(timeline.toXml(), timeline.toXml(), 'rendering changes nothing');
});

t.test('a start at zero is a start', async (t) => {
  const timeline = new SegmentTimeline();
  timeline.add(0, 5);
  timeline.add(5, 5);
  t.equal(timeline.toXml(), '<SegmentTimeline><S t="0" d="5" r="1"/></SegmentTimeline>');
});

t.test('ticks since the epoch at 90 kHz stay exact', async (t) => {
  const start = Date.UTC(2100, 0, 1) * 90 + 1;
  const timeline = new SegmentTimeline();
  timeline.add(start, 900_001);
  t.equal(timeline.endTicks, start + 900_001);
  t.match(timeline.toXml(), `t="${start}"`);
});

t.test('what cannot be is refused, and changes nothing', async (t) => {
  const timeline = new SegmentTimeline();
  timeline.add(1000, 10);
  const before = timeline.toXml();
  t.throws(() => timeline.add(1009, 10), /before the last one ends/);
  for (const bad of [0, -1, 1.5, Number.NaN]) {
    t.throws(() => timeline.add(2000, bad), RangeError);
  }
  for (const bad of [-1, 1.5, Number.NaN, 2 ** 53]) {
    t.throws(() => timeline.add(bad, 10), RangeError);
  }
  t.equal(timeline.toXml(), before);
  t.equal(timeline.count, 1);
});
