import { join } from 'node:path';
import t from 'tap';
import type { Segment } from '../../src/facts/segment.ts';
import type { SegmentIndex, TrackSpan } from '../../src/segment-index/segment-index.ts';
import { openIndex, segment } from './open-index.ts';

/** Stretches of segments that follow each other, made from scratch. */
function spansOf(segments: Segment[], fromUs: number, toUs: number): Omit<TrackSpan, 'reason'>[] {
  const spans: Omit<TrackSpan, 'reason'>[] = [];
  for (const { startUs, endUs, size } of segments.toSorted((a, b) => a.startUs - b.startUs)) {
    if (startUs >= toUs || endUs <= fromUs) continue;
    const last = spans.at(-1);
    if (last?.endUs === startUs) {
      last.endUs = endUs;
      last.bytes += size;
    } else spans.push({ startUs, endUs, bytes: size });
  }
  return spans;
}

/** The same of an index, whose blocks it joins. */
function found(index: SegmentIndex, fromUs: number, toUs: number) {
  const spans: Omit<TrackSpan, 'reason'>[] = [];
  for (const { startUs, endUs, bytes } of index.spans('cam1', fromUs, toUs).video) {
    const last = spans.at(-1);
    if (last?.endUs === startUs) {
      last.endUs = endUs;
      last.bytes += bytes;
    } else spans.push({ startUs, endUs, bytes });
  }
  return spans;
}

t.test('spans are what the segments add up to, whatever came and went', async (t) => {
  const journalPath = join(t.testdir(), 'index.journal');
  let { index } = await openIndex(journalPath);
  t.teardown(() => index.close());
  let kept: Segment[] = [];
  // Gaps of an hour, and every 97th segment listed late, as one that was repaired is.
  const ordered = Array.from({ length: 1500 }, (_, n) => segment(n + 360 * Math.floor(n / 400)));
  const late = ordered.filter((_, n) => n % 97 === 5);
  const inTurn = ordered.filter((each) => !late.includes(each));
  const first = ordered[0]!.startUs;
  const last = ordered.at(-1)!.endUs;
  const compare = (what: string) => {
    for (const [fromUs, toUs] of [
      [0, Number.MAX_SAFE_INTEGER],
      [first + 1, last - 1],
      [first + 1234e7, first + 4321e7],
      [first + 400e7, first + 401e7],
      [last, last + 1],
    ] as const) {
      t.same(found(index, fromUs, toUs), spansOf(kept, fromUs, toUs), `${what} ${fromUs}`);
    }
  };
  for (const each of [...inTurn, ...late]) {
    await index.add(each, each.startUs % 30e6 !== 0);
    kept.push(each);
  }
  compare('added');
  for (const each of kept.filter(({ startUs }) => startUs % 210e6 === 0)) {
    await index.remove(each.path);
    kept = kept.filter((other) => other !== each);
  }
  compare('removed');
  await index.evict(first + 3333e7);
  kept = kept.filter(({ endUs }) => endUs > first + 3333e7);
  compare('evicted');
  await index.close();
  ({ index } = await openIndex(journalPath));
  compare('opened again');
});

t.test('the reason of a Period is kept, and rows without one load', async (t) => {
  const journalPath = join(t.testdir(), 'index.journal');
  let { index } = await openIndex(journalPath);
  await index.add(segment(0));
  await index.add(segment(10, { periodReason: 'media-stopped' }));
  await index.close();
  ({ index } = await openIndex(journalPath));
  t.teardown(() => index.close());
  const { video } = index.spans('cam1', 0, Number.MAX_SAFE_INTEGER);
  t.same(
    video.map(({ reason }) => reason),
    [undefined, 'media-stopped'],
  );
  t.same(index.segments({ stream: 'cam1', limit: 10 }), [
    segment(0),
    segment(10, { periodReason: 'media-stopped' }),
  ]);
});
