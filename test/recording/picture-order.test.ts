import t from 'tap';
import type { PictureReordering } from '../../src/codecs/configuration.ts';
import { UPRIGHT } from '../../src/media/picture-orientation.ts';
import { H264_TIMESCALE } from '../../src/media/timescale.ts';
import { type Picture, PictureOrder } from '../../src/recording/picture-order.ts';

const STEP = H264_TIMESCALE.step;
const FRAME = 3000 * STEP;

/** A picture that is shown so many pictures after the first. */
function picture(at: number, keyframe = false): Picture {
  const ticks = at * FRAME;
  return {
    ...{
      start: ticks,
      end: ticks,
      shown: ticks,
      lead: 0,
      keyframe,
      isRecoveryPoint: false,
      lostBefore: false,
      leading: 'none' as const,
    },
    ...{ parts: [], configuration: undefined, orientation: UPRIGHT, compositionDelay: 0 },
  };
}

/** Pushes pictures and gives what came out after each, in pictures. */
function order(reordering: PictureReordering, shown: number[]): Picture[][] {
  const pictures = new PictureOrder(STEP);
  const out = shown.map((at, i) => {
    if (i === 0) pictures.expect(reordering);
    pictures.push(picture(at, i === 0));
    const ready: Picture[] = [];
    for (let each = pictures.shift(); each; each = pictures.shift()) ready.push(each);
    return ready;
  });
  const last: Picture[] = [];
  for (let each = pictures.shiftLast(); each; each = pictures.shiftLast()) last.push(each);
  return [...out, last];
}

t.test('without reordering one picture is held, for its end', async (t) => {
  const out = order({ most: 0, isDeclared: true }, [0, 1, 2]);
  t.same(
    out.map((ready) => ready.map(({ start, end, lead }) => [start / FRAME, end / FRAME, lead])),
    [[], [[0, 1, 0]], [[1, 2, 0]], [[2, 2, 0]]],
  );
});

t.test('as many more are held as may be overtaken', async (t) => {
  const out = order({ most: 1, isDeclared: true }, [0, 3, 1, 2, 6, 4, 5]);
  t.same(
    out.map((ready) => ready.length),
    [0, 0, 1, 1, 1, 1, 1, 2],
  );
  const all = out.flat();
  t.same(
    all.map(({ start }) => start / FRAME),
    [0, 1, 2, 3, 4, 5, 6],
  );
  t.same(
    all.map(({ lead }) => lead),
    [0, 2, -1, -1, 2, -1, -1],
  );
  t.ok(
    all[0]!.compositionDelay >= FRAME,
    'enough for one that is shown a picture before its place',
  );
});

t.test('where nothing is declared it is found out in the first half second', async (t) => {
  const flat = Array.from({ length: 30 }, (_, i) => i);
  const out = order({ most: 5, isDeclared: false }, flat);
  t.same(
    out.map((ready) => ready.length),
    [0, 0, 0, 0, 0, 5, ...Array(24).fill(1), 1],
    'then nothing is held that need not be',
  );
  t.ok(out.flat().every(({ lead, compositionDelay }) => lead === 0 && compositionDelay === 0));
  const slow = order({ most: 16, isDeclared: false }, [0, 30, 60, 90]);
  t.same(
    slow.map((ready) => ready.length),
    [0, 1, 1, 1, 1],
    'one picture a second is not held for 16',
  );
  const reordered = order({ most: 5, isDeclared: false }, [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]).flat();
  t.same(
    reordered.map(({ lead }) => lead),
    [0, 2, -1, -1, 2, -1, -1, 2, -1, -1],
  );
});

t.test('reordering that begins late: none is lost, and each is shown at its time', async (t) => {
  const flat = Array.from({ length: 20 }, (_, i) => i);
  const all = order({ most: 4, isDeclared: false }, [...flat, 22, 20, 21, 25, 23, 24]).flat();
  t.equal(all.length, 26);
  for (const [i, { start, end }] of all.entries()) {
    t.ok(end > start || i === 25, 'places have a length');
    if (i > 0) t.equal(start, all[i - 1]!.end, 'and follow each other');
  }
  t.same(all.map(({ shown }) => shown / FRAME).slice(20), [22, 20, 21, 25, 23, 24]);
});

t.test('what comes before the next keyframe is certain when that comes', async (t) => {
  const pictures = new PictureOrder(STEP);
  pictures.expect({ most: 4, isDeclared: true });
  for (const [at, keyframe] of [
    [0, true],
    [2, false],
    [1, false],
    [3, true],
  ] as const) {
    pictures.push(picture(at, keyframe));
  }
  const ends: number[] = [];
  for (let each = pictures.shift(); each; each = pictures.shift()) ends.push(each.end / FRAME);
  t.same(ends, [1, 2, 3]);
});

t.test('a clock that is set back is no reordering', async (t) => {
  const back = order({ most: 2, isDeclared: true }, [10, 11, 12, 13, 14, 3, 4, 16]).flat();
  t.same(
    back.map(({ shown }) => shown - 14 * FRAME),
    [-4, -3, -2, -1, 0].map((at) => at * FRAME).concat(STEP, 2 * STEP, 2 * FRAME),
  );
});
