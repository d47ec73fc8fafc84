import {
  copyFile,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import type { Segment } from '../../src/facts/segment.ts';
import { SnapshotReader, writeSnapshot } from '../../src/journal/snapshot-file.ts';
import { LeavingSegments } from '../../src/segment-index/leaving-segments.ts';
import type { SegmentIndex, TrackSpan } from '../../src/segment-index/segment-index.ts';
import { segmentPage } from '../../src/segment-index/segment-page.ts';
import { restoreSegments, snapshotBlocks } from '../../src/segment-index/segment-snapshot.ts';
import { SegmentTable } from '../../src/segment-index/segment-table.ts';
import { smallDisk } from '../files/small-disk.ts';
import { seededRandom } from '../rtp/packets.ts';
import { repeat } from '../thoroughness.ts';
import { type Logged, openIndex, segment } from './open-index.ts';

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Stretches that touch or overlap as one: where they are apart depends on what was dropped between. */
function joined(spans: TrackSpan[]) {
  const found: { startUs: number; endUs: number; bytes: number }[] = [];
  for (const { startUs, endUs, bytes } of spans.toSorted((a, b) => a.startUs - b.startUs)) {
    const last = found.at(-1);
    if (last !== undefined && startUs <= last.endUs + 1000) {
      last.endUs = Math.max(last.endUs, endUs);
      last.bytes += bytes;
    } else found.push({ startUs, endUs, bytes });
  }
  return found;
}

/** Everything that an index can be asked for, as text: comparing so many objects would take long. */
function contentOf(index: SegmentIndex): string {
  const streams = index.streams();
  return JSON.stringify({
    segments: index.listed({ limit: 1e6 }),
    page: index.page({ limit: 1e6 }).toString(),
    ofStreams: streams.map((stream) => index.page({ limit: 1e6, stream }).toString()),
    spans: streams.map((stream) => joined(index.spans(stream, 0, Number.MAX_SAFE_INTEGER).video)),
    folders: index.folders(),
    leaving: index.leaving.all(),
    size: index.size,
  });
}

/** Opens an index whose snapshots are as close as can be. */
function openOften(path: string, now?: () => number) {
  return openIndex(path, { snapshotLines: 0, ...(now && { now }) });
}

/** Resolves when the snapshot is written that is due: nothing is dropped while it is. */
const settled = (index: SegmentIndex) => index.evict(0);

/** The content of a copy of the journal, without a snapshot. */
async function fromJournalAlone(path: string): Promise<string> {
  const copy = `${path}.copy`;
  await copyFile(path, copy);
  const { index } = await openIndex(copy);
  const content = contentOf(index);
  await index.close();
  for (const file of [copy, `${copy}.snapshot`]) await rm(file, { force: true });
  return content;
}

/** A journal of so many segments with its snapshot, closed. */
async function stored(path: string, segments: number, since = 0): Promise<void> {
  const { index } = await openOften(path);
  await Promise.all(Array.from({ length: segments }, (_, n) => index.add(segment(n))));
  await settled(index);
  await index.close();
  if (since === 0) return;
  const { index: later } = await openIndex(path);
  for (let n = 0; n < since; n++) await later.add(segment(segments + n));
  await later.close();
}

for (const seed of repeat([1, 2, 3, 4, 5, 6], [2])) {
  t.test(`is what the journal says, whatever happened, seed ${seed}`, async (t) => {
    const next = seededRandom(seed);
    const pick = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)]!;
    const path = join(t.testdir(), 'index.journal');
    let { index, logged } = await openOften(path);
    let n = 0;
    let used = 0;
    const anySegment = (): Segment => {
      n++;
      const stream = pick(['cam1', 'cam2', 'caméra "3"']);
      const kind = pick(['video', 'audio'] as const);
      const from = segment(n + (next() < 0.03 ? -3000 : 0), { stream, kind });
      const lengthUs = next() < 0.02 ? pick([0, 2 ** 33]) : 10_000_000;
      return {
        ...from,
        startUs: Math.max(0, from.startUs),
        endUs: Math.max(0, from.startUs) + lengthUs,
        path: next() < 0.9 ? from.path : `${stream}/other/${n}.webm`,
        initPath: `${from.initPath}.${Math.floor(n / 700)}`,
        isKeyframe: next() < 0.8,
        size: next() < 0.01 ? 2 ** 41 + n : n,
        ...(next() < 0.01 && { keyframes: [from.startUs - 5, from.startUs + 2 ** 34] }),
        ...(next() < 0.2 && { periodReason: pick(['start', 'midnight'] as const) }),
      };
    };
    const change = async () => {
      const what = next();
      const listed = index.listed({ limit: 1e6 });
      if (what < 0.6 || listed.length < 50) {
        const count = Math.floor(next() * 900);
        await Promise.all(
          Array.from({ length: count }, anySegment).map((each) => index.add(each, next() < 0.9)),
        );
      } else if (what < 0.75) {
        await index.leave(
          listed
            .slice(0, Math.floor(next() * 600))
            .map((each) => ({ ...each, reason: 'max_age' as const })),
        );
      } else if (what < 0.85) {
        await index.gone(
          index.leaving
            .all()
            .filter(() => next() < 0.5)
            .map(({ segment: { path } }) => path),
        );
      } else if (what < 0.92) await index.evict(pick(listed).segment.startUs - 2e10);
      else if (what < 0.97) await index.compact();
      else await index.remove(pick(listed).segment.path);
    };
    for (let round = 0; round < 25; round++) {
      // Some in the same turn, so that one begins while a snapshot is written.
      await Promise.all(Array.from({ length: Math.ceil(next() * 3) }, change));
      if (next() < 0.5) continue;
      if (next() < 0.7) await settled(index);
      const last = index.lastCreatedAt;
      await index.close();
      t.strictSame(logged, []);
      if (await exists(`${path}.snapshot`)) used++;
      const expected = await fromJournalAlone(path);
      ({ index, logged } = await openOften(path));
      t.ok(contentOf(index) === expected, `round ${round}`);
      t.ok(index.lastCreatedAt >= last, 'the cursor does not go back');
    }
    await index.close();
    t.ok(used > 5, `${used} snapshots`);
    t.ok(n > 5000, 'more than a chunk');
  });
}

t.test('what is added while it is written is not in it, and is not lost', async (t) => {
  const table = new SegmentTable('node "ü"');
  const leaving = new LeavingSegments();
  for (let n = 0; n < 9000; n++) table.insert(n + 1, segment(n));
  const expected = segmentPage(table, { limit: 10_000 });
  const blocks: Uint8Array[] = [];
  let n = 9000;
  for (const block of snapshotBlocks({ table, leaving })) {
    blocks.push(new Uint8Array(block));
    // Of a stream of before, and of one that is new.
    table.insert(n + 1, segment(n++));
    table.insert(n + 1, segment(n++, { stream: `cam${n}` }));
  }
  t.equal(blocks.length, 2 + 3, 'numbers, series and three chunks');
  const copy = await restoreSegments('node "ü"', async () => blocks.shift()!);
  t.ok(segmentPage(copy.table, { limit: 10_000 }).equals(expected));
});

t.test('others have a turn after each block', async (t) => {
  const path = join(t.testdir(), 'blocks');
  let turns = 0;
  const turnsAtBlocks: number[] = [];
  function* blocks() {
    for (let n = 0; n < 5; n++) {
      setImmediate(() => turns++);
      turnsAtBlocks.push(turns);
      yield Buffer.alloc(100_000, n);
    }
  }
  await writeSnapshot(path, blocks(), new AbortController().signal);
  t.strictSame(turnsAtBlocks, [0, 1, 2, 3, 4]);
});

/** Opens an index with a snapshot that must not be used: the journal is read, and that is said once. */
async function refused(t: Test, path: string, what: string, reason: RegExp): Promise<void> {
  const expected = await fromJournalAlone(path);
  const { index, logged } = await openIndex(path);
  const content = contentOf(index);
  await index.close();
  const again = await openIndex(path);
  await again.index.close();
  const isFine =
    logged.length === 1 &&
    /snapshot of the segment journal is not used/.test(logged[0]!.message) &&
    reason.test(String(logged[0]!.fields.err)) &&
    content === expected &&
    again.logged.length === 0;
  if (!isFine) t.fail(what, { logged, again: again.logged, size: index.size });
}

t.test('a snapshot that is damaged anywhere is not used', async (t) => {
  const path = join(t.testdir(), 'index.journal');
  const snapshot = `${path}.snapshot`;
  await stored(path, 8, 2);
  const whole = await readFile(snapshot);
  const step = repeat(1, 11);
  for (let at = 0; at < whole.length; at += step) {
    const damaged = Buffer.from(whole);
    damaged[at]! ^= 1 << (at % 8);
    await writeFile(snapshot, damaged);
    await refused(t, path, `bit ${at % 8} of byte ${at}`, /./);
  }
  for (let length = 0; length < whole.length; length += step) {
    await writeFile(snapshot, whole.subarray(0, length));
    await refused(t, path, `cut after ${length} bytes`, /./);
    await writeFile(
      snapshot,
      Buffer.concat([whole.subarray(0, length), Buffer.alloc(whole.length - length)]),
    );
    await refused(t, path, `zeros after ${length} bytes`, /./);
  }
  await writeFile(snapshot, Buffer.concat([whole, Buffer.of(0)]));
  await refused(t, path, 'a byte more', /does not end/);
  t.pass(`${whole.length} bytes`);
});

t.test('blocks that are whole, but not in their place, are noticed', async (t) => {
  const path = join(t.testdir(), 'blocks');
  const { signal } = new AbortController();
  await writeSnapshot(
    path,
    [1, 2, 3].map((n) => Buffer.alloc(16, n)),
    signal,
  );
  const whole = await readFile(path);
  const block = (n: number) => whole.subarray(8 + 24 * n, 32 + 24 * n);
  const [start, end] = [whole.subarray(0, 8), whole.subarray(80)];
  for (const [what, order] of Object.entries({
    swapped: [1, 0, 2],
    missing: [0, 1],
    twice: [0, 1, 2, 2],
  })) {
    await writeFile(path, Buffer.concat([start, ...order.map(block), end]));
    const reader = await SnapshotReader.open(path);
    await t.rejects(async () => {
      for (let n = 0; n < order.length; n++) await reader!.next();
      reader!.finish();
    }, what);
    await reader!.close();
  }
});

t.test('a snapshot of another version or kind is not used', async (t) => {
  const path = join(t.testdir(), 'index.journal');
  const snapshot = `${path}.snapshot`;
  await stored(path, 5, 2);
  const reader = (await SnapshotReader.open(snapshot))!;
  const blocks: Uint8Array[] = [];
  for (let n = 0; n < 4; n++) blocks.push(new Uint8Array(await reader.next()));
  reader.finish();
  await reader.close();
  const [name, version, covered] = JSON.parse(Buffer.from(blocks[0]!).toString());
  const { signal } = new AbortController();
  const rewritten = (head: unknown[], rest = blocks.slice(1)) =>
    writeSnapshot(snapshot, [Buffer.from(JSON.stringify(head)), ...rest], signal);

  await rewritten([name, version + 1, covered]);
  await refused(t, path, 'a later version', /version 2/);
  await rewritten(['record journal', version, covered]);
  await refused(t, path, 'of another journal', /record journal/);
  await rewritten([name, version, covered], blocks.slice(1, 3));
  await refused(t, path, 'without rows', /incomplete/);
  await rewritten([name, version, covered], [...blocks.slice(1), blocks[3]!]);
  await refused(t, path, 'with more rows than it has', /does not end/);
  await rewritten([name, version, covered], [blocks[1]!, Buffer.from('[]'), blocks[3]!]);
  await refused(t, path, 'without series', /./);
  const otherOrder = new Uint8Array(blocks[3]!);
  otherOrder.subarray(0, 4).reverse();
  await rewritten([name, version, covered], [...blocks.slice(1, 3), otherOrder]);
  await refused(t, path, 'of a machine with another byte order', /no columns/);
  await writeFile(snapshot, Buffer.alloc(5000));
  await refused(t, path, 'zeros', /no snapshot/);
  t.pass();
});

t.test('a snapshot of another journal is not used', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'index.journal');
  await stored(path, 5, 2);
  const kept = await readFile(`${path}.snapshot`);
  const journal = await readFile(path);
  const lines = journal.toString().split('\n');
  const restored = async (content: Buffer | string, what: string) => {
    await writeFile(path, content);
    await writeFile(`${path}.snapshot`, kept);
    await refused(t, path, what, /journal is/);
  };
  await restored(`${lines.slice(0, 4).join('\n')}\n`, 'one that ends before');
  await restored(`${lines[0]}\n`, 'a new one');
  await restored(lines.filter((_, n) => n !== 2).join('\n'), 'one that lacks a line');
  await stored(join(folder, 'other'), 5, 9);
  await restored(await readFile(join(folder, 'other')), 'a longer one');
  await rm(path);
  await writeFile(`${path}.snapshot`, kept);
  const { index, logged } = await openIndex(path);
  t.equal(index.size, 0, 'the journal was deleted, and so begins anew');
  t.equal(logged.length, 1);
  await index.close();
  await writeFile(path, journal);
  await writeFile(`${path}.snapshot`, kept);
  const again = await openIndex(path);
  t.strictSame([again.index.size, again.logged], [7, []], 'while this one fits');
  await again.index.close();
});

t.test('what cannot be read in its place does no harm', async (t) => {
  const path = join(t.testdir(), 'index.journal');
  await stored(path, 5);
  await rm(`${path}.snapshot`);
  await mkdir(`${path}.snapshot`);
  const { index, logged } = await openIndex(path);
  t.equal(index.size, 5);
  t.match(
    logged.map(({ message }) => message),
    [/is not used/, /cannot be deleted/],
  );
  await index.close();
});

t.test('a damaged journal has no snapshot until it was rewritten', async (t) => {
  const path = join(t.testdir(), 'index.journal');
  await stored(path, 5);
  await rm(`${path}.snapshot`);
  const journal = await readFile(path);
  journal[journal.length - 20]! ^= 1;
  await writeFile(path, journal);
  const { index } = await openOften(path);
  t.equal(index.damagedLines, 1);
  await index.add(segment(7));
  await settled(index);
  t.notOk(await exists(`${path}.snapshot`), 'or the damage would not be noticed again');
  await index.compact();
  await settled(index);
  t.ok(await exists(`${path}.snapshot`));
  await index.close();
});

t.test('what is torn or damaged after it is handled as ever', async (t) => {
  const path = join(t.testdir(), 'index.journal');
  await stored(path, 5, 3);
  const journal = await readFile(path);
  const last = journal.lastIndexOf('\n', journal.length - 2) + 1;
  const before = journal.lastIndexOf('\n', last - 2) + 1;
  journal[before + 30]! ^= 1;
  await writeFile(path, journal);
  await truncate(path, journal.length - 9);
  const { index, logged } = await openIndex(path);
  t.equal(index.size, 6);
  t.match(logged, [
    { message: /damaged lines/, fields: { lines: 1, firstOffset: before } },
    { message: /torn end/ },
  ]);
  t.equal(index.damagedLines, 1);
  await index.close();
});

t.test('the numbers of lines and of the cursor go on', async (t) => {
  const path = join(t.testdir(), 'index.journal');
  const first = await openOften(path, () => 1000);
  t.equal(await first.index.add(segment(0)), 1000);
  first.index.raiseCursor(5000);
  await first.index.add(segment(1));
  await settled(first.index);
  await first.index.close();
  const second = await openOften(path, () => 5);
  t.equal(await second.index.add(segment(2)), 5002);
  await second.index.close();
  await stored(path, 12_000);
  const { index } = await openIndex(path);
  await index.evict(Number.MAX_SAFE_INTEGER);
  t.ok((await stat(path)).size < 1000, 'rewritten, for it knows how many lines there are');
  t.notOk(await exists(`${path}.snapshot`), 'and that of the old one is gone');
  await index.close();
});

t.test('on a full disk there is none, and all else goes on', async (t) => {
  const folder = smallDisk(t, '600k');
  if (folder === undefined) return;
  const path = join(folder, 'index.journal');
  const logged: Logged[] = [];
  const log = {
    warn: (fields: object, message: string) => logged.push({ fields: { ...fields }, message }),
  };
  const { index } = await openIndex(path, { snapshotLines: 500, log });
  const ballast = join(folder, 'ballast');
  await writeFile(ballast, Buffer.alloc(450_000));
  for (let n = 0; n < 400; n += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, at) => index.add(segment(n + at))));
  }
  await writeFile(ballast, Buffer.alloc(506_000));
  await Promise.all(Array.from({ length: 101 }, (_, n) => index.add(segment(400 + n))));
  await settled(index);
  t.match(logged, [{ message: /could not be written/, fields: { err: { code: 'ENOSPC' } } }]);
  t.strictSame((await readdir(dirname(path))).sort(), [
    'ballast',
    'index.journal',
    'index.journal.lock',
  ]);
  await index.add(segment(501));
  await settled(index);
  t.equal(logged.length, 1, 'not attempted at each change');
  await rm(ballast);
  await Promise.all(Array.from({ length: 500 }, (_, n) => index.add(segment(502 + n))));
  await settled(index);
  t.ok(await exists(`${path}.snapshot`), 'once there is room');
  t.equal(logged.length, 1);
  await index.close();
});
