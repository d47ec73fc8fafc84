import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { folderEnds } from '../../src/index-rebuild/folder-ends.ts';
import { encodeArray } from '../../src/journal/journal-line.ts';
import type { RecordFacts, RecordKey } from '../../src/record-catalogue/record-catalogue.ts';
import { repeat } from '../thoroughness.ts';
import { NaiveCatalogue } from './naive-catalogue.ts';
import { active, completed, DAY_SECONDS, keyOf, offered, openCatalogue } from './open-catalogue.ts';

/** mulberry32: the same numbers in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const STREAMS = ['cam1', 'cam2', 'caméra "3"', 'a/b', '1753315200 cam'];

for (const seed of repeat([1, 2, 3, 4], [1])) {
  t.test(`answers as a plain list does, seed ${seed}`, async (t) => {
    const next = random(seed);
    const below = (n: number) => Math.floor(next() * n);
    const pick = <T>(of: readonly T[]): T => of[below(of.length)]!;
    const journalPath = join(t.testdir(), 'records.jsonl');
    let now = DAY_SECONDS * 1_000_000;
    const options = { now: () => now };
    const naive = new NaiveCatalogue();
    let { catalogue } = await openCatalogue(journalPath, options);
    t.teardown(() => catalogue.close());

    const anyRecord = (): RecordFacts => {
      const stream = pick(STREAMS);
      const n = below(12) * 100;
      const mpdPath = next() < 0.1 ? `x/${stream}/m.mpd` : `${stream}/2025/07/24/manifest.mpd`;
      const startUs = active(n).startUs + below(3);
      const facts = active(n, { stream, startUs, mpdPath });
      if (next() < 0.5) return facts;
      const status = next() < 0.2 ? 'Failed' : 'Completed';
      return { ...facts, status, endUs: startUs + below(3) * 50_000_000 };
    };
    const anyKeys = (): RecordKey[] =>
      Array.from({ length: below(6) }, () =>
        next() < 0.1 ? { stream: 'cam1', record: 'none' } : keyOf(anyRecord()),
      );
    const shownKeys = (): RecordKey[] => {
      const query = { sinceTs: next() < 0.5 ? 0 : now - below(100), limit: 1 + below(5) };
      const { sessions, lastTs } = catalogue.sessions(query);
      const expected = naive.sessions(query);
      if (JSON.stringify(sessions) !== JSON.stringify(expected.sessions)) {
        t.strictSame(sessions, expected.sessions);
      }
      if (lastTs !== expected.lastTs) t.equal(lastTs, expected.lastTs);
      return sessions.map(keyOf);
    };

    let held: RecordKey[] = [];
    for (let step = 0; step < 1500; step++) {
      now += next() < 0.02 ? -1_000_000 : below(5);
      const dice = next();
      if (dice < 0.3) {
        const record = anyRecord();
        naive.put(record, now);
        await catalogue.put(record);
      } else if (dice < 0.4) {
        // All at once, and a receipt among them for what was there before.
        const records = Array.from({ length: 4 }, anyRecord);
        const acked = naive.ack(held);
        const adding = catalogue.ack(held);
        for (const record of records) naive.put(record, now);
        await Promise.all(records.map((record) => catalogue.put(record)));
        t.equal(await adding, acked);
      } else if (dice < 0.6) {
        held = shownKeys();
      } else if (dice < 0.75) {
        const keys = next() < 0.8 ? held : anyKeys();
        t.equal(await catalogue.ack(keys), naive.ack(keys));
      } else if (dice < 0.85) {
        const keys = next() < 0.8 ? held : anyKeys();
        t.equal(await catalogue.remove(keys), naive.remove(keys));
      } else if (dice < 0.87) {
        const before = active(below(12) * 100).startUs;
        t.equal(await catalogue.evict(before), naive.evict(before));
      } else if (dice < 0.9) {
        await catalogue.close();
        const torn = next() < 0.5 ? '' : '0123abcd ["record",17533';
        await appendFile(journalPath, torn);
        const again = await openCatalogue(journalPath, options);
        t.equal(again.logged.length, torn === '' ? 0 : 1);
        catalogue = again.catalogue;
        naive.restart();
      } else {
        t.strictSame(catalogue.streams(), naive.streams());
        const stream = pick(STREAMS);
        t.strictSame(catalogue.records(stream), naive.records(stream));
        const query = { stream, sinceTs: 0, limit: 1 + below(20) };
        t.strictSame(catalogue.sessions(query), naive.sessions(query));
      }
    }
    t.equal(catalogue.size, naive.rows.length);
    t.ok(naive.rows.length > 10, `${naive.rows.length} records at the end`);
  });
}

t.test('every change has an update time of its own, whatever the clock does', async (t) => {
  const path = join(t.testdir(), 'records.jsonl');
  let now = 1000;
  const first = await openCatalogue(path, { now: () => now });
  await Promise.all([0, 1, 2].map((n) => first.catalogue.put(active(n))));
  let cursor = 0;
  for (const n of [0, 1, 2]) {
    const page = first.catalogue.sessions({ sinceTs: cursor, limit: 1 });
    t.strictSame(page.sessions, [active(n)]);
    t.equal(page.lastTs, 1000 + n);
    cursor = page.lastTs;
  }
  t.strictSame(first.catalogue.sessions({ sinceTs: cursor, limit: 1 }), {
    sessions: [],
    lastTs: cursor,
  });
  now = 5;
  await first.catalogue.put(completed(0));
  t.equal(first.catalogue.sessions({ sinceTs: cursor, limit: 9 }).lastTs, 1003);
  await first.catalogue.close();

  const second = await openCatalogue(path, { now: () => now });
  await second.catalogue.put(active(3));
  t.strictSame(second.catalogue.sessions({ sinceTs: 1003, limit: 9 }), {
    sessions: [active(3)],
    lastTs: 1004,
  });
  await second.catalogue.close();
});

t.test('what says nothing new is not written, and moves nothing', async (t) => {
  const path = join(t.testdir(), 'records.jsonl');
  const { catalogue } = await openCatalogue(path);
  await Promise.all([catalogue.put(completed(0)), catalogue.put(completed(0))]);
  const written = await readFile(path, 'utf8');
  const { lastTs } = catalogue.sessions({ limit: 9 });
  await catalogue.put(completed(0));
  t.equal(await readFile(path, 'utf8'), written);
  t.equal(written.split('\n').length - 1, 2, 'the header and one record');
  t.equal(catalogue.sessions({ limit: 9 }).lastTs, lastTs);
  await catalogue.close();
});

t.test('what was acknowledged or deleted comes back when there is news of it', async (t) => {
  for (const receive of ['ack', 'remove'] as const) {
    const path = join(t.testdir(), `${receive}.jsonl`);
    let { catalogue } = await openCatalogue(path);
    const reopen = async () => {
      await catalogue.close();
      catalogue = (await openCatalogue(path)).catalogue;
    };
    await catalogue.put(active(0));
    await catalogue.put(completed(1));
    t.strictSame(offered(catalogue), ['cam1 0 Active', 'cam1 1 Completed']);
    t.equal(await catalogue[receive]([keyOf(active(0)), keyOf(active(1)), keyOf(active(2))]), 2);
    t.strictSame(offered(catalogue), []);
    await reopen();
    t.strictSame(offered(catalogue), []);

    await catalogue.put(active(0, { startUs: active(0).startUs + 7 }));
    t.strictSame(offered(catalogue), [], 'a start that became more exact is no news');
    await reopen();
    t.strictSame(offered(catalogue), []);

    await catalogue.put(completed(0));
    t.strictSame(offered(catalogue), ['cam1 0 Completed']);
    await reopen();
    t.strictSame(offered(catalogue), ['cam1 0 Completed']);
    t.equal(await catalogue[receive]([keyOf(active(0))]), 1);
    t.strictSame(offered(catalogue), []);
    t.strictSame(catalogue.records('cam1'), [completed(0), completed(1)], 'all are there to play');
    await catalogue.close();
  }
});

t.test('a receipt is for what was shown, not for what has happened since', async (t) => {
  const path = join(t.testdir(), 'records.jsonl');
  let { catalogue } = await openCatalogue(path);
  await catalogue.put(active(0));
  t.strictSame(offered(catalogue), ['cam1 0 Active']);
  await catalogue.put(completed(0));
  t.equal(await catalogue.ack([keyOf(active(0))]), 1);
  t.equal(await catalogue.remove([keyOf(active(0))]), 0);
  t.strictSame(offered(catalogue), ['cam1 0 Completed']);

  await catalogue.put(active(1));
  t.strictSame(offered(catalogue), ['cam1 0 Completed', 'cam1 1 Active']);
  await catalogue.close();
  catalogue = (await openCatalogue(path)).catalogue;
  await catalogue.put(completed(1));
  await catalogue.ack([keyOf(active(0)), keyOf(active(1))]);
  t.strictSame(offered(catalogue), ['cam1 1 Completed'], 'nor across a restart');
  await catalogue.close();
});

t.test('records of a run that was killed are ended as far as is known', async (t) => {
  const path = join(t.testdir(), 'records.jsonl');
  const first = await openCatalogue(path);
  const other = { stream: 'cam2', mpdPath: 'b/cam2/2025/07/24/manifest.mpd' };
  await first.catalogue.put(active(0));
  await first.catalogue.put(active(100));
  await first.catalogue.put(active(0, other));
  await first.catalogue.put(active(0, { stream: 'cam3', mpdPath: 'manifest.mpd' }));
  await first.catalogue.put(completed(200));
  await first.catalogue.ack([keyOf(active(0)), keyOf(active(0, other))]);
  await first.catalogue.close();

  const endUs = active(150).startUs;
  const folder = { stream: 'cam1', folder: 'cam1/2025/07/24', startUs: 0, segments: 1, bytes: 1 };
  const { catalogue } = await openCatalogue(path);
  const endOf = folderEnds([
    { ...folder, endUs },
    { ...folder, stream: 'cam2', endUs: 1 },
    { ...folder, stream: 'cam3', folder: '', endUs: endUs + 1 },
  ]);
  t.equal(await catalogue.completeAbandoned(endOf), 4);
  t.strictSame(catalogue.records('cam1'), [
    completed(0, { endUs: active(100).startUs }),
    completed(100, { endUs }),
    completed(200),
  ]);
  const { startUs } = active(0);
  t.strictSame(catalogue.records('cam2'), [
    { ...active(0, other), endUs: startUs, status: 'Failed' },
  ]);
  t.match(catalogue.records('cam3'), [{ status: 'Completed', endUs: endUs + 1 }]);
  t.equal(offered(catalogue).length, 5, 'and all are offered');
  t.equal(await catalogue.completeAbandoned(endOf), 0);
  await catalogue.close();
});

t.test('a record that no client could read is refused', async (t) => {
  const { catalogue } = await openCatalogue(join(t.testdir(), 'records.jsonl'));
  for (const [wrong, message] of [
    [{ stream: '' }, /record\.stream/],
    [{ stream: 'lone \ud800' }, /record\.stream/],
    [{ stream: 'x'.repeat(5000) }, /record\.stream/],
    [{ mpdPath: '' }, /record\.mpdPath/],
    [{ recordId: '175331520' }, /record\.recordId must be ten digits/],
    [{ recordId: '1753315200.' }, /record\.recordId/],
    [{ startUs: 1.5 }, /record\.startUs/],
    [{ startUs: -1 }, /record\.startUs/],
    [{ endUs: undefined }, /record\.endUs/],
    [{ endUs: 5 }, /must not be before/],
    [{ status: 'Acked' }, /record\.status/],
  ] as [Partial<RecordFacts>, RegExp][]) {
    await t.rejects(catalogue.put({ ...completed(0), ...wrong }), { message });
  }
  await t.rejects(catalogue.evict(0.5), { message: /beforeUs/ });
  t.equal(catalogue.size, 0);
  await catalogue.put(active(0, { endUs: 5 }));
  t.strictSame(catalogue.records('cam1'), [active(0)], 'what goes on has no end');
  await catalogue.close();
  await t.rejects(catalogue.put(active(0)), { message: 'the record catalogue is closed' });
});

t.test('old records are dropped, those that go on are kept', async (t) => {
  const path = join(t.testdir(), 'records.jsonl');
  let { catalogue } = await openCatalogue(path);
  await catalogue.put(active(0));
  for (const n of [1, 2, 3]) await catalogue.put(completed(n));
  await catalogue.put(completed(1, { stream: 'cam2' }));
  t.equal(await catalogue.evict(completed(2).endUs!), 3);
  for (let round = 0; round < 2; round++) {
    t.strictSame(offered(catalogue), ['cam1 0 Active', 'cam1 3 Completed']);
    t.strictSame(catalogue.streams(), ['cam1']);
    await catalogue.close();
    catalogue = (await openCatalogue(path)).catalogue;
  }
  await catalogue.put(completed(2));
  t.strictSame(offered(catalogue), ['cam1 0 Active', 'cam1 3 Completed', 'cam1 2 Completed']);
  await catalogue.close();
});

t.test('a line that stands where it cannot be changes nothing', async (t) => {
  const path = join(t.testdir(), 'records.jsonl');
  const first = await openCatalogue(path);
  await first.catalogue.put(active(0));
  await first.catalogue.put(completed(0));
  await first.catalogue.close();
  const [, began] = (await readFile(path, 'utf8')).split('\n');
  await appendFile(path, `${began}\n`);
  const { catalogue, logged } = await openCatalogue(path);
  t.strictSame(catalogue.records('cam1'), [completed(0)]);
  t.match(logged, [{ fields: { lines: 1 } }]);
  await catalogue.close();
});

t.test('is open once, and refuses what is no journal of records', async (t) => {
  const folder = t.testdir({ poetry: 'ten lines\nof poetry' });
  const path = join(folder, 'a/records.jsonl');
  const { catalogue } = await openCatalogue(path);
  await t.rejects(openCatalogue(path), {
    message: new RegExp(`^the record catalogue is in use by process ${process.pid} `),
  });
  await catalogue.close();
  t.strictSame(await readdir(join(folder, 'a')), ['records.jsonl']);
  await t.rejects(openCatalogue(join(folder, 'poetry')), { message: /is not a record journal/ });
});

t.test('a line with a right checksum that is no record costs that line alone', async (t) => {
  const path = join(t.testdir(), 'records.jsonl');
  const first = await openCatalogue(path);
  await first.catalogue.put(completed(0));
  await first.catalogue.close();
  const whole = await readFile(path, 'utf8');
  const good: unknown[] = JSON.parse(whole.trimEnd().split('\n').at(-1)!.slice(9));
  for (const [place, value] of [
    ...[1.5, null, '9'].map((time): [number, unknown] => [1, time]),
    ...['x', -1, 0.5].map((time): [number, unknown] => [3, time]),
    ...['', null, '\ud800', 7].map((text): [number, unknown] => [5, text]),
    ...['1', 1753315200].map((text): [number, unknown] => [6, text]),
    [8, 'Lost'] as [number, unknown],
  ]) {
    const line = good
      .with(1, Number(good[1]) + 1)
      .with(6, '1753315299')
      .with(place, value);
    await writeFile(path, whole + encodeArray(line));
    const { catalogue, logged } = await openCatalogue(path);
    t.equal(offered(catalogue).length, 1, `${place}: ${JSON.stringify(value)}`);
    t.equal(logged.length, 1);
    await catalogue.close();
  }
});
