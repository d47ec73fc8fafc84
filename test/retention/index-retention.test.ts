import path from 'node:path';
import t, { type Test } from 'tap';
import { RecordCatalogue } from '../../src/record-catalogue/record-catalogue.ts';
import { IndexRetention, retainedFromUs } from '../../src/retention/index-retention.ts';
import { SegmentIndex } from '../../src/segment-index/segment-index.ts';
import { segment } from '../segment-index/open-index.ts';
import { inTestFolder } from '../test-folder.ts';

const DAY_US = 86_400_000_000;
const START_US = Date.UTC(2025, 6, 24) * 1000;
const log = { info() {}, warn() {}, error() {} };

async function open(t: Test) {
  const folder = inTestFolder(t, 'journals');
  const index = await SegmentIndex.open({
    journalPath: path.join(folder, 'segments.jsonl'),
    nodeAlias: 'node',
    log,
  });
  const catalogue = await RecordCatalogue.open({
    journalPath: path.join(folder, 'records.jsonl'),
    log,
  });
  return { index, catalogue, close: () => Promise.all([index.close(), catalogue.close()]) };
}

/** The record of the nth hour. */
function record(n: number) {
  const startUs = START_US + n * 3_600_000_000;
  return {
    stream: 'cam1',
    recordId: String(Math.floor(startUs / 1e6)),
    startUs,
    endUs: startUs + 3_600_000_000,
    mpdPath: 'cam1/2025/07/24/manifest.mpd',
    status: 'Completed' as const,
  };
}

t.test('what is old enough leaves, and stays away', async (t) => {
  const first = await open(t);
  // 360 segments an hour.
  for (const n of [0, 359, 360, 361, 8640]) await first.index.add(segment(n));
  for (const n of [0, 1, 2]) await first.catalogue.put(record(n));
  const keys = [0, 1, 2].map((n) => ({ stream: 'cam1', record: record(n).recordId }));
  await first.catalogue.ack(keys);
  const now = () => START_US + 30 * DAY_US + 3_600_000_000;
  const retention = new IndexRetention({ ...first, days: 30, now, log });
  await retention.sweep();
  t.equal(first.index.size, 3, 'what ended at the hour is gone, what began then is not');
  t.same(
    first.catalogue.records('cam1').map(({ recordId }) => recordId),
    [record(1).recordId, record(2).recordId],
  );
  await first.close();
  const again = await open(t);
  t.equal(again.index.size, 3);
  t.equal(again.catalogue.size, 2);
  await again.close();
});

t.test('records that nobody acknowledged stay, up to a number', async (t) => {
  const first = await open(t);
  for (let n = 0; n < 6; n++) await first.catalogue.put(record(n));
  await first.catalogue.ack([{ stream: 'cam1', record: record(4).recordId }]);
  const beforeUs = record(4).endUs;
  t.equal(await first.catalogue.evict(beforeUs, 10), 1, 'the acknowledged one');
  t.equal(await first.catalogue.evict(beforeUs, 3), 1, 'the oldest of four');
  t.equal(await first.catalogue.evict(beforeUs, 3), 0);
  const ids = [1, 2, 3, 5].map((n) => record(n).recordId);
  t.same(
    first.catalogue.records('cam1').map(({ recordId }) => recordId),
    ids,
  );
  await first.close();
  const again = await open(t);
  t.same(
    again.catalogue.records('cam1').map(({ recordId }) => recordId),
    ids,
  );
  t.equal(await again.catalogue.evict(beforeUs), 3, 'all of them, where none are to be kept');
  await again.close();
});

t.test('a sweep that finds nothing writes nothing, and 0 days are for ever', async (t) => {
  const { index, catalogue, close } = await open(t);
  await index.add(segment(0));
  await catalogue.put(record(0));
  const lines: string[] = [];
  const now = () => START_US + DAY_US;
  const noting = { info: (_: object, message: string) => void lines.push(message), error() {} };
  for (const days of [0, 30]) {
    const retention = new IndexRetention({ index, catalogue, days, now, log: noting });
    retention.start();
    await retention.stop();
  }
  t.equal(index.size + catalogue.size, 2);
  t.same(lines, []);
  t.equal(retainedFromUs(0, now()), 0);
  t.equal(retainedFromUs(1, now()), START_US);
  await close();
});
