import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import type { Segment } from '../../src/facts/segment.ts';
import { atOnce } from '../../src/journal/stepwise.ts';
import type { SegmentQuery } from '../../src/segment-index/segment-index.ts';
import { SegmentTable } from '../../src/segment-index/segment-table.ts';
import { seededRandom } from '../rtp/packets.ts';
import { repeat } from '../thoroughness.ts';
import { NaiveIndex } from './naive-index.ts';
import { openIndex, parse, segment } from './open-index.ts';

const names = [
  (n: number) => `seg_${String(n).padStart(4, '0')}.m4s`,
  (n: number) => `seg_${n * 7919}.webm`,
  (n: number) => `${n}`,
  (n: number) => `00${n}`,
  (n: number) => `12345678901234${n}.m4s`,
  (n: number) => `no-number-${'x'.repeat(n % 5)}.mp4`,
  (n: number) => `"quoted" ünïcödé ${n}.4.m4s`,
  (n: number) => `\ud800 lone ${n}\n.m4s`,
];
/** Other names may come twice, which paths of real segments do not. */
const isUnique = (path: string) => /\/seg_\d+\.m4s$/.test(path);
const STREAMS = ['cam1', 'cam2', 'caméra "3"', 'a/b'];

for (const seed of repeat([1, 2, 3, 4], [1])) {
  t.test(`answers as a plain array does, seed ${seed}`, async (t) => {
    const next = seededRandom(seed);
    const pick = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)]!;
    const epoch = 1_753_315_200_000_000;
    const span = 40 * 86_400_000_000;
    const journalPath = join(t.testdir(), 'index.journal');
    const naive = new NaiveIndex();
    let { index, logged } = await openIndex(journalPath);
    t.teardown(() => index.close());
    let n = 0;

    const anySegment = (): Segment => {
      n++;
      // Mostly in order, sometimes long after the fact, rarely an hour long or of no length.
      const startUs =
        epoch +
        Math.floor((n / 12_000) * span) +
        (next() < 0.05 ? -Math.floor(next() * 1e11) : Math.floor(next() * 2e7)) +
        100_000_000_000;
      const lengthUs = next() < 0.02 ? pick([0, 3_600_000_000, 9_000_000_000]) : 10_000_000;
      const kind = pick(['video', 'audio'] as const);
      const stream = pick(STREAMS);
      const day = new Date(startUs / 1000).toISOString().slice(0, 10);
      const folder = next() < 0.02 ? '' : `${stream}/${day}/`;
      return {
        stream,
        kind,
        startUs,
        endUs: startUs + lengthUs,
        path: folder + (next() < 0.8 ? names[0]! : pick(names))(n),
        initPath: `${folder}init_${Math.floor(n / 1000)}.m4s`,
        isKeyframe: next() < 0.9,
        keyframes:
          kind === 'audio'
            ? []
            : Array.from(
                { length: Math.floor(next() * 7) },
                () => startUs + Math.floor((next() - (next() < 0.002 ? 0.5 : 0)) * lengthUs),
              ),
        codec: pick(['avc1.42e01f', 'opus', 'x"y']),
        size: next() < 0.01 ? 2 ** 40 + n : Math.floor(next() * 1e7),
      };
    };
    const addMany = async (count: number) => {
      const segments = Array.from({ length: count }, anySegment);
      const uploaded = segments.map(({ path }) => !isUnique(path) || next() < 0.7);
      const created = await Promise.all(
        segments.map((added, at) => index.add(added, uploaded[at]!)),
      );
      segments.forEach((added, at) => {
        naive.rows.push({ createdAt: created[at]!, segment: added, uploaded: uploaded[at]! });
      });
    };
    const waiting = () => naive.rows.filter(({ uploaded }) => !uploaded);
    const upload = async () => {
      for (const row of waiting()) {
        if (next() < 0.5) {
          index.setUploaded(row.segment.path);
          row.uploaded = true;
        } else if (next() < 0.05) {
          await index.remove(row.segment.path);
          naive.rows.splice(naive.rows.indexOf(row), 1);
        }
      }
      const settled = naive.rows.find(({ uploaded }) => uploaded);
      if (settled !== undefined) await index.remove(settled.segment.path);
    };
    const anyTime = () => epoch + 100_000_000_000 + Math.floor(next() * (n / 12_000) * span);
    const anyQuery = (): SegmentQuery => {
      const query: SegmentQuery = { limit: pick([1, 2, 10, 1000]) };
      if (next() < 0.6) query.stream = pick([...STREAMS, 'nobody']);
      if (next() < 0.5) query.kind = pick(['video', 'audio']);
      if (next() < 0.6) query.sinceTs = (pick(naive.rows)?.createdAt ?? 0) + pick([-1, 0, 1]);
      if (next() < 0.5) query.startUs = anyTime();
      if (next() < 0.5) {
        query.endUs = (query.startUs ?? anyTime()) + pick([0, 1, 1e7, 1e11, 1e12]);
      }
      return query;
    };
    const compare = () => {
      for (let times = 0; times < 12; times++) {
        const query = anyQuery();
        t.equal(
          index.page(query).toString(),
          JSON.stringify(naive.page(query)),
          JSON.stringify(query),
        );
      }
      const byFolder = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
      const stream = pick([...STREAMS, undefined]);
      t.strictSame(
        index.folders(stream).sort(byFolder),
        naive.folders(stream).sort(byFolder),
        `folders of ${stream}`,
      );
      for (let times = 0; times < 5 && naive.rows.length > 0; times++) {
        const { path } = pick(naive.rows).segment;
        t.equal(index.has(path), true, 'has a path');
        t.equal(index.has(`${path}x`), naive.has(`${path}x`), 'has no such path');
      }
      t.equal(index.size, naive.rows.length);
    };

    for (let round = 0; round < 40 || n <= 8192; round++) {
      await addMany(Math.floor(next() * 500));
      compare();
      if (next() < 0.5) {
        await upload();
        compare();
      }
      if (next() < 0.25) {
        const beforeUs = anyTime() - Math.floor(span / 8);
        t.equal(await index.evict(beforeUs), naive.evict(beforeUs), 'evicts as many');
        compare();
      }
      if (next() < 0.2) {
        await index.close();
        ({ index, logged } = await openIndex(journalPath));
        t.strictSame(logged, [], 'nothing to complain about');
        index.setWaiting([...waiting().map(({ segment }) => segment.path), 'unknown/seg_1.m4s']);
        compare();
      }
    }
    t.ok(n > 8192, 'enough for several chunks');
    t.equal(
      await index.evict(Number.MAX_SAFE_INTEGER),
      naive.evict(Number.MAX_SAFE_INTEGER),
      'all',
    );
    await addMany(10);
    compare();
  });
}

t.test('a reader gets each segment once and in order while others add', async (t) => {
  const { index } = await openIndex(join(t.testdir(), 'index.journal'));
  t.teardown(() => index.close());
  const added: { path: string; createdAt: number }[] = [];
  let adding = true;
  const writers = ['cam1', 'cam2', 'cam3'].map(async (stream) => {
    for (let n = 0; n < 200; n++) {
      const both = [segment(n, { stream }), segment(n, { stream, kind: 'audio' })];
      const created = await Promise.all(both.map((one) => index.add(one)));
      both.forEach(({ path }, at) => {
        added.push({ path, createdAt: created[at]! });
      });
    }
  });
  const done = Promise.all(writers).then(() => {
    adding = false;
  });
  const seen: { path: unknown; createdAt: unknown }[] = [];
  let sinceTs = 0;
  while (adding || seen.length < added.length) {
    await index.waitForNewer({ sinceTs, limit: 7 }, 100);
    const page = parse(index.page({ sinceTs, limit: 7 }));
    for (const { path, created_at } of page.segments) seen.push({ path, createdAt: created_at });
    sinceTs = page.last_ts;
  }
  await done;
  added.sort((a, b) => a.createdAt - b.createdAt);
  t.equal(seen.length, 1200);
  t.strictSame(seen, added);
});

t.test('answers byte for byte the same after a restart', async (t) => {
  const journalPath = join(t.testdir(), 'index.journal');
  const first = await openIndex(journalPath);
  for (let n = 0; n < 50; n++) await first.index.add(segment(n));
  const before = first.index.page({ limit: 1000 });
  await first.index.close();
  const second = await openIndex(journalPath);
  t.teardown(() => second.index.close());
  t.ok(second.index.page({ limit: 1000 }).equals(before));
  t.strictSame(second.logged, []);
});

t.test('writes the page as the contract has it', async (t) => {
  const { index } = await openIndex(join(t.testdir(), 'index.journal'), {
    nodeAlias: 'live777-node-001',
    now: () => 1753315210123456,
  });
  t.teardown(() => index.close());
  t.equal(
    index.page({ limit: 200, sinceTs: 5 }).toString(),
    '{"segments":[],"last_ts":5,"has_more":false}',
  );
  t.equal(await index.add(segment(0, { size: 3145728 })), 1753315210123456);
  t.equal(
    index.page({ limit: 200 }).toString(),
    '{"segments":[{"node_alias":"live777-node-001","stream":"cam1","kind":"video",' +
      '"start_ts":1753315200000000,"end_ts":1753315210000000,"duration_ms":10000,' +
      '"path":"cam1/2025/07/24/seg_0001.m4s","init_path":"cam1/2025/07/24/init.m4s",' +
      '"is_keyframe":true,"keyframes":[1753315200000000,1753315205000000],' +
      '"codec":"avc1.42e01f","size":3145728,"created_at":1753315210123456,"uploaded":true}],' +
      '"last_ts":1753315210123456,"has_more":false}',
  );
});

t.test('created_at rises when the clock is set back, also across restarts', async (t) => {
  const journalPath = join(t.testdir(), 'index.journal');
  const clock = [1000, 1001, 1001, 400, 2000, 1];
  const now = () => clock.shift() ?? 2;
  const first = await openIndex(journalPath, { now });
  const created: number[] = [];
  for (let n = 0; n < 5; n++) created.push(await first.index.add(segment(n)));
  t.strictSame(created, [1000, 1001, 1002, 1003, 2000]);
  await first.index.close();

  const second = await openIndex(journalPath, { now });
  t.equal(await second.index.add(segment(5)), 2001, 'after a restart');
  await second.index.evict(Number.MAX_SAFE_INTEGER);
  t.equal(second.index.size, 0);
  await second.index.close();

  const third = await openIndex(journalPath, { now });
  t.teardown(() => third.index.close());
  t.equal(await third.index.add(segment(6)), 2002, 'also when all before were dropped');
});

t.test('refuses what cannot be listed, and names the field', async (t) => {
  const { index } = await openIndex(join(t.testdir(), 'index.journal'));
  t.teardown(() => index.close());
  const bad: [Partial<Record<keyof Segment, unknown>>, RegExp][] = [
    [{ stream: '' }, /segment\.stream/],
    [{ path: 'a\0b' }, /segment\.path/],
    [{ initPath: undefined }, /segment\.initPath/],
    [{ codec: 'x'.repeat(5000) }, /segment\.codec/],
    [{ kind: 'text' }, /segment\.kind/],
    [{ isKeyframe: 1 }, /segment\.isKeyframe/],
    [{ startUs: 0.5 }, /segment\.startUs/],
    [{ endUs: 1 }, /segment\.endUs/],
    [{ size: -1 }, /segment\.size/],
    [{ size: Number.NaN }, /segment\.size/],
    [{ keyframes: [1, Number.POSITIVE_INFINITY] }, /segment\.keyframes/],
    [{ keyframes: new Array(50_001).fill(1) }, /segment\.keyframes/],
  ];
  for (const [fields, message] of bad) {
    await t.rejects(index.add({ ...segment(0), ...fields } as Segment), { message });
  }
  await t.rejects(index.evict(Number.POSITIVE_INFINITY), RangeError);
  t.equal(index.size, 0);
});

t.test('the largest segment it takes survives a restart', async (t) => {
  const journalPath = join(t.testdir(), 'index.journal');
  const first = await openIndex(journalPath);
  // Each of these units takes six bytes in JSON.
  const text = '\u0001'.repeat(4096);
  const largest = segment(0, {
    stream: text,
    path: text,
    initPath: text,
    codec: text,
    keyframes: new Array(50_000).fill(Number.MAX_SAFE_INTEGER),
  });
  await first.index.add(largest);
  const page = first.index.page({ limit: 1 });
  await first.index.close();
  const second = await openIndex(journalPath);
  t.teardown(() => second.index.close());
  t.strictSame(second.logged, []);
  t.ok(second.index.page({ limit: 1 }).equals(page));
});

t.test('forgets what was dropped in the journal too, while adding goes on', async (t) => {
  const folder = t.testdir();
  const journalPath = join(folder, 'index.journal');
  const { index } = await openIndex(journalPath);
  await Promise.all(Array.from({ length: 24_000 }, (_, n) => index.add(segment(n))));
  const [evicted] = await Promise.all([
    index.evict(segment(17_999).endUs),
    (async () => {
      // One after another, so that some fall before, some into and some after the rewriting.
      for (let n = 24_000; n < 24_100; n++) await index.add(segment(n));
    })(),
  ]);
  t.equal(evicted, 18_000);
  const page = index.page({ limit: 10_000 });
  const copy = join(folder, 'copy.journal');
  await copyFile(journalPath, copy);
  const lines = (await readFile(copy, 'utf8')).split('\n');
  t.equal(lines.length, 1 + 6100 + 1, 'a header and a line a segment');
  const again = await openIndex(copy);
  t.ok(again.index.page({ limit: 10_000 }).equals(page));
  await again.index.close();

  await index.add(segment(24_100));
  await index.close();
  const reopened = await openIndex(journalPath);
  t.teardown(() => reopened.index.close());
  t.equal(reopened.index.size, 6101);
  t.strictSame(reopened.logged, []);
});

t.test('lets others go on while much is dropped, and keeps what they add', async (t) => {
  const journalPath = join(t.testdir(), 'index.journal');
  const first = await openIndex(journalPath);
  await Promise.all(Array.from({ length: 9000 }, (_, n) => first.index.add(segment(n))));
  const evicting = first.index.evict(segment(8499).endUs);
  while (first.index.size === 9000) await setImmediate();
  t.equal(first.index.size, 9000 - 1024, 'a step');
  const shown = parse(first.index.page({ limit: 1, stream: 'cam1' })).segments[0]!;
  t.equal(shown.start_ts, segment(1024).startUs);
  t.strictSame(
    first.index.folders().map(({ startUs, segments }) => [startUs, segments]),
    [[segment(1024).startUs, 9000 - 1024]],
  );
  await first.index.add(segment(0));
  t.equal(await evicting, 8500);
  const rest = [...Array.from({ length: 500 }, (_, n) => segment(8500 + n)), segment(0)];
  const paths = rest.map(({ path }) => path);
  const listed = () => parse(first.index.page({ limit: 1000 })).segments.map(({ path }) => path);
  t.strictSame(listed(), paths, 'which is old, and was added later');
  const page = first.index.page({ limit: 1000 });
  await first.index.close();
  const second = await openIndex(journalPath);
  t.teardown(() => second.index.close());
  t.ok(second.index.page({ limit: 1000 }).equals(page), 'also after a restart');
});

t.test('drops nothing that was added after an eviction began', async (t) => {
  const table = new SegmentTable('node');
  for (let n = 0; n < 3000; n++) table.insert(n + 1, segment(n));
  const eviction = table.evict(segment(2999).endUs);
  eviction.next();
  table.insert(3001, segment(5));
  t.equal(atOnce(eviction), 3000);
  t.strictSame(table.select({ limit: 10 }, 10), [3000]);
});

t.test('waits', async (t) => {
  const { index } = await openIndex(join(t.testdir(), 'index.journal'));
  t.teardown(() => index.close());

  await t.test('returns at once when there is something', async (t) => {
    const createdAt = await index.add(segment(0));
    await index.waitForNewer({ limit: 1 }, 60_000);
    await index.waitForNewer({ limit: 1, sinceTs: createdAt - 1 }, 60_000);
    t.equal(index.waiting, 0);
  });

  await t.test('wakes those whose query the segment matches, and no other', async (t) => {
    const sinceTs = Number(parse(index.page({ limit: 1 })).last_ts);
    const woken: string[] = [];
    const abort = new AbortController();
    const wait = (name: string, query: Partial<SegmentQuery>) =>
      index
        .waitForNewer({ limit: 1, sinceTs, ...query }, 60_000, abort.signal)
        .then(() => woken.push(name));
    const all = [
      wait('any', {}),
      wait('stream', { stream: 'cam2' }),
      wait('kind', { kind: 'audio' }),
      wait('time', { startUs: segment(1).startUs, endUs: segment(1).endUs }),
      wait('other stream', { stream: 'cam3' }),
      wait('other kind', { kind: 'video', stream: 'cam2' }),
      wait('other time', { startUs: segment(2).startUs }),
      wait('later', { sinceTs: Number.MAX_SAFE_INTEGER }),
    ];
    t.equal(index.waiting, 8);
    await index.add(segment(1, { stream: 'cam2', kind: 'audio' }));
    t.equal(index.waiting, 4);
    abort.abort();
    await Promise.all(all);
    t.strictSame(woken.slice(0, 4).sort(), ['any', 'kind', 'stream', 'time']);
    t.equal(woken.length, 8);
    t.equal(index.waiting, 0);
  });

  await t.test('ends after the time given, and on a signal aborted before', async (t) => {
    const query = { limit: 1, sinceTs: Number.MAX_SAFE_INTEGER };
    await index.waitForNewer(query, 1);
    await index.waitForNewer(query, 60_000, AbortSignal.abort());
    t.equal(index.waiting, 0);
  });

  await t.test('leaves no listener on a signal that lives on', async (t) => {
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    const sinceTs = parse(index.page({ limit: 1000 })).last_ts;
    const waits = Array.from({ length: 5000 }, () =>
      index.waitForNewer({ limit: 1, sinceTs, stream: 'cam9' }, 60_000, signal),
    );
    t.equal(listeners, 5000);
    await index.add(segment(3, { stream: 'cam9' }));
    await Promise.all(waits);
    t.equal(listeners, 0);
    t.equal(index.waiting, 0);
  });

  await t.test('ends when the index closes', async (t) => {
    const query = { limit: 1, sinceTs: Number.MAX_SAFE_INTEGER };
    const wait = index.waitForNewer(query, 60_000);
    await index.close();
    await wait;
    await index.waitForNewer(query, 60_000);
    t.equal(index.waiting, 0);
    await t.rejects(index.add(segment(9)), { message: /closed/ });
    await t.rejects(index.evict(1), { message: /closed/ });
  });
});
