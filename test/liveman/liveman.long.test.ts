import t from 'tap';
import type { RecordFacts } from '../../src/record-catalogue/record-catalogue.ts';
import { Liveman } from './liveman.ts';
import { type LivemanNode, startNode } from './start-node.ts';

const DAY_US = 86_400_000_000;
const FIRST_DAY_US = Date.UTC(2025, 6, 24) * 1000;
const STREAMS = ['cam1', 'cam2', 'cam3', 'caméra "4"', 'a b'];

/** The record of one stream and one UTC day, while it goes on. */
function recordOf(stream: string, day: number): RecordFacts {
  const startUs = FIRST_DAY_US + day * DAY_US;
  const folder = new Date(startUs / 1000).toISOString().slice(0, 10).replaceAll('-', '/');
  return {
    stream,
    recordId: String(startUs / 1_000_000),
    startUs,
    mpdPath: `${stream}/${folder}/manifest.mpd`,
    status: 'Active',
  };
}

function ended(record: RecordFacts): RecordFacts {
  return { ...record, status: 'Completed', endUs: record.startUs + DAY_US };
}

function row({ stream, recordId, status }: RecordFacts): string {
  return `${stream} ${recordId} ${status}`;
}

/** All streams go on to another day at once, as they do at midnight. */
async function midnight({ catalogue }: LivemanNode, day: number): Promise<void> {
  const puts: Promise<void>[] = [];
  for (const stream of STREAMS) {
    if (day > 0) puts.push(catalogue.put(ended(recordOf(stream, day - 1))));
    puts.push(catalogue.put(recordOf(stream, day)));
  }
  await Promise.all(puts);
}

/** @param days how many have ended; one more goes on */
function rowsOf(days: number): { active: string[]; completed: string[] } {
  const records = STREAMS.flatMap((stream) =>
    Array.from({ length: days + 1 }, (_, day) => recordOf(stream, day)),
  );
  return {
    active: records.map(row).sort(),
    completed: records
      .filter(({ startUs }) => startUs < FIRST_DAY_US + days * DAY_US)
      .map((record) => row(ended(record)))
      .sort(),
  };
}

t.test('days of records before Liveman comes: each once, whatever the page', async (t) => {
  for (const limit of [1, 3, 5, 7, 200]) {
    // The clock stands still: whole pages have changed in the same microsecond.
    const node = await startNode(t.testdir(), { now: () => FIRST_DAY_US });
    for (let day = 0; day <= 4; day++) await midnight(node, day);
    const liveman = new Liveman({ url: node.url, limit });
    await liveman.collectAll();
    const { active, completed } = rowsOf(4);
    const today = active.filter((each) => each.includes(recordOf('', 4).recordId));
    t.strictSame([...liveman.collected].sort(), [...completed, ...today].sort(), `limit ${limit}`);
    await liveman.collectAll();
    liveman.restart();
    await liveman.collectAll();
    t.equal(liveman.collected.length, completed.length + today.length, 'and never again');
    await node.close();
  }
});

t.test('Liveman all along, midnights in the middle of its pages, and restarts', async (t) => {
  for (const limit of [1, 2, 3, 4]) {
    const root = t.testdir();
    const now = () => FIRST_DAY_US;
    let node = await startNode(root, { now });
    let day = 0;
    await midnight(node, day);
    let between: (() => Promise<void>) | undefined;
    const options = {
      url: node.url,
      limit,
      beforeAck: async () => {
        await between?.();
        between = undefined;
      },
    };
    const liveman = new Liveman(options);
    const { collected } = liveman;
    for (let each = 0; each < 6; each++) {
      if (each % 2 === 0) between = () => midnight(node, ++day);
      await liveman.recordSync();
      if (each % 3 === 0) liveman.restart();
      else await liveman.recordSync();
      await node.close();
      node = await startNode(root, { now });
      options.url = node.url;
      if (each % 2 === 1) await midnight(node, ++day);
      await liveman.collectAll();
    }
    const { active, completed } = rowsOf(6);
    const count = (rows: string[]) => collected.filter((each) => rows.includes(each)).length;
    t.equal(new Set(collected).size, collected.length, `limit ${limit}: nothing twice`);
    t.equal(count(completed), completed.length, 'each that has ended');
    t.ok(count(active) > STREAMS.length, `${count(active)} were collected while they went on`);
    t.equal(collected.length, count(completed) + count(active), 'and nothing else');
    t.strictSame(
      STREAMS.map((stream) => node.catalogue.records(stream).length),
      STREAMS.map(() => 7),
      'all are still there to be played',
    );
    await node.close();
  }
});

t.test('acknowledged while it went on: offered again when it has ended', async (t) => {
  const root = t.testdir();
  let node = await startNode(root, { now: () => FIRST_DAY_US });
  const options = { url: node.url };
  const liveman = new Liveman(options);
  const record = recordOf('cam1', 0);
  await node.catalogue.put(record);
  await liveman.collectAll();
  t.strictSame(liveman.collected.splice(0), [row(record)]);
  await node.close();

  node = await startNode(root, { now: () => FIRST_DAY_US });
  await node.catalogue.put(ended(record));
  options.url = node.url;
  await liveman.collectAll();
  await liveman.collectAll();
  t.strictSame(liveman.collected, [row(ended(record))]);
  await node.close();
});

t.test('a Liveman that dies before it acknowledges gets the page again', async (t) => {
  const node = await startNode(t.testdir(), { now: () => FIRST_DAY_US });
  await midnight(node, 0);
  const dying = new Liveman({
    url: node.url,
    beforeAck: () => Promise.reject(new Error('killed')),
  });
  await t.rejects(dying.recordSync(), { message: 'killed' });
  const liveman = new Liveman({ url: node.url });
  await liveman.collectAll();
  t.strictSame([...liveman.collected].sort(), rowsOf(0).active);
  await node.close();
});

t.test('the calls of all its loops, with a token', async (t) => {
  const token = 'node-token';
  const node = await startNode(t.testdir(), { now: () => FIRST_DAY_US, token });
  t.teardown(() => node.close());
  const options = { url: node.url, token, autoStreams: ['cam1'], basePrefix: 'live/rec' };
  const liveman = new Liveman(options);
  await node.recorder.publish('cam1', 'v=0');
  await node.recorder.publish('cam2', 'v=0');

  await liveman.autoRecord();
  t.strictSame(liveman.streams, ['cam1', 'cam2']);
  t.equal(liveman.maxSubscribers, 0, 'no viewer is sent here');
  t.strictSame(liveman.calls.splice(0), [
    'GET /api/strategy/',
    'GET /api/streams/',
    'GET /api/record/cam1',
    'POST /api/record/cam1',
  ]);
  const [[stream, baseDir]] = node.recorder.calls
    .filter(([method]) => method === 'start')
    .map(([, ...args]) => args) as [[string, string]];
  t.equal(stream, 'cam1');
  t.match(baseDir, /^live\/rec\/\d{10}$/);
  t.strictSame(
    [...liveman.recordings],
    [['cam1 1753315200', `${baseDir}/cam1/2025/07/24/manifest.mpd`]],
  );

  // Since the stand-in lists a stream that is recorded no more.
  await node.recorder.publish('cam1', 'v=0');
  const status = node.recorder.statuses.get('cam1')!;
  node.recorder.statuses.set('cam1', { ...status, state: 'recording', startedAtUs: 1 });
  await liveman.rotate();
  t.strictSame(liveman.calls.splice(0), [
    'GET /api/streams/',
    'GET /api/record/cam1',
    'DELETE /api/record/cam1',
    'POST /api/record/cam1',
  ]);

  await node.catalogue.put(recordOf('cam1', 0));
  t.equal(await liveman.recordSync(), 1);
  t.equal(await liveman.recordSync(), 0);
  t.strictSame(liveman.calls.splice(0), [
    'GET /api/streams/',
    'GET /api/recordings?limit=200',
    'PATCH /api/recordings',
    'DELETE /api/recordings',
    'GET /api/streams/',
    'GET /api/recordings?since_ts=N&limit=200',
  ]);
  await t.rejects(new Liveman({ url: node.url }).update(), { message: /: 401 $/ });
});
