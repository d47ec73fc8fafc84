import t from 'tap';
import type { Deletion } from '../../src/retention/deletion-plan.ts';
import { MissingObjects } from '../../src/retention/missing-objects.ts';
import type { ListedSegment } from '../../src/segment-index/segment-index.ts';
import { segment } from '../segment-index/open-index.ts';

const rows: ListedSegment[] = Array.from({ length: 100 }, (_, n) => ({
  createdAt: n + 1,
  segment: segment(n),
}));

/** Looks in a bucket that has some of the segments. */
async function removed(
  isThere: (n: number) => boolean,
  isUploaded: (n: number) => boolean = () => true,
): Promise<{ paths: string[]; lookups: number; warnings: number }> {
  const found: Deletion[] = [];
  const numberOf = (path: string) => rows.findIndex((row) => row.segment.path === path);
  let lookups = 0;
  let warnings = 0;
  const missing = new MissingObjects({
    index: { streams: () => ['cam1'], listed: () => rows },
    store: {
      head: async (key) => {
        lookups++;
        return isThere(numberOf(key)) ? { key, size: 1 } : undefined;
      },
    },
    isUploaded: (path) => isUploaded(numberOf(path)),
    remove: async (some) => void found.push(...some),
    log: { warn: () => void warnings++ },
  });
  await missing.look();
  const paths = found.flatMap(({ segments }) => segments.map((each) => each.segment.path));
  return { paths, lookups, warnings };
}

const pathsOf = (...numbers: number[]) => numbers.map((n) => rows[n]!.segment.path);

t.test('what a lifecycle rule has deleted', async (t) => {
  const { paths, warnings } = await removed((n) => n >= 40);
  t.same(paths, pathsOf(...Array(40).keys()));
  t.equal(warnings, 1);
});

t.test('where nothing is missing', async (t) => {
  const { paths, lookups, warnings } = await removed(() => true);
  t.same(paths, []);
  t.equal(lookups, 16, 'only the oldest are looked up');
  t.equal(warnings, 0);
});

t.test('what is between others, and what waits for its upload', async (t) => {
  const { paths } = await removed(
    (n) => n === 1,
    (n) => n !== 3,
  );
  t.same(paths, pathsOf(0, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
});

t.test('a bucket that has nothing is not believed', async (t) => {
  t.same((await removed(() => false)).paths, []);
});
