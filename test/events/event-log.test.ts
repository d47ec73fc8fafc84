import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { type EventType, eventId, stampOf } from '../../src/events/event.ts';
import { EventLog, type ToldEvent } from '../../src/events/event-log.ts';
import { smallDisk } from '../files/small-disk.ts';
import { until } from '../server/until.ts';

const GONE = { start_ts: 1, end_ts: 2, segments: 1, bytes: 3, reason: 'max_age' } as const;
const BACK = { name: 's3://bucket', waiting_files: 0, waiting_bytes: 0 };

function folderOf(t: Test): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'recorder-events-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

function openIn(folder: string, more: { mostKept?: number; now?: () => number } = {}) {
  const lines: string[] = [];
  const line = (_fields: object, message: string) => lines.push(message);
  const log = { warn: line, error: line };
  const open = EventLog.open({ path: path.join(folder, 'events.jsonl'), node: 'n1', log, ...more });
  return open.then((events) => ({ events, lines }));
}

const streamsOf = (events: ToldEvent[]) => events.map(({ stream }) => stream);

t.test('events are told at once, in JSON, with ids that increase', async (t) => {
  let nowUs = 1753315200000000;
  const { events } = await openIn(folderOf(t), { now: () => nowUs });
  const told: ToldEvent[] = [];
  const stop = events.listen((event) => told.push(event));
  events.emit('media.deleted', GONE, 'cam1');
  events.emit('storage.recovered', BACK);
  nowUs -= 10;
  events.emit('media.deleted', GONE, 'cam2');
  stop();
  events.emit('media.deleted', GONE, 'cam3');
  t.strictSame(
    told.map(({ json }) => JSON.parse(json)),
    [
      {
        id: 'evt_1753315200000000',
        type: 'media.deleted',
        timestamp: '2025-07-24T00:00:00.000Z',
        node: 'n1',
        stream: 'cam1',
        data: GONE,
      },
      {
        id: 'evt_1753315200000001',
        type: 'storage.recovered',
        timestamp: '2025-07-24T00:00:00.000Z',
        node: 'n1',
        data: BACK,
      },
      {
        id: 'evt_1753315200000002',
        type: 'media.deleted',
        timestamp: '2025-07-24T00:00:00.000Z',
        node: 'n1',
        stream: 'cam2',
        data: GONE,
      },
    ],
  );
  t.equal(stampOf(eventId(nowUs)), nowUs);
  for (const wrong of ['', 'evt_', '17', 'evt_1.5', 'evt_99999999999999999', 'done']) {
    t.equal(stampOf(wrong), undefined, wrong);
  }
  await events.close();
});

t.test('what is kept survives a process that just ends, and a torn line', async (t) => {
  const folder = folderOf(t);
  const { events } = await openIn(folder, { mostKept: 3 });
  t.equal(events.completeAfter, 0);
  for (const stream of ['a', 'b', 'c', 'd', 'e']) events.emit('media.deleted', GONE, stream);
  const [, second, ...before] = events.after(0);
  t.strictSame(streamsOf(before), ['c', 'd', 'e']);
  t.equal(events.completeAfter, 0);
  events.emit('media.deleted', GONE, 'f');
  t.strictSame(streamsOf(events.after(0)), ['d', 'e', 'f'], 'earlier ones are forgotten');
  const [third] = before;
  t.equal(events.completeAfter, third!.stamp);
  t.strictSame(streamsOf(events.after(second!.stamp, 2)), ['d', 'e']);
  t.strictSame(streamsOf(events.after(events.after(0)[1]!.stamp)), ['f']);
  t.strictSame(events.after(events.lastStamp), []);
  await events.written();
  // Not closed, as after kill -9.
  appendFileSync(path.join(folder, 'events.jsonl'), '0000 ["event",');
  const again = await openIn(folder, { mostKept: 3, now: () => 5 });
  t.strictSame(again.events.after(0), events.after(0));
  t.equal(again.events.completeAfter, third!.stamp);
  again.events.emit('media.deleted', GONE, 'g');
  t.ok(again.events.lastStamp > events.lastStamp, 'although the clock was set back');
  await again.events.close();
  await events.close();
});

t.test('the file does not grow for ever', async (t) => {
  const folder = folderOf(t);
  const { events } = await openIn(folder, { mostKept: 100 });
  let longest = 0;
  for (let n = 0; n < 12_000; n++) {
    events.emit('media.deleted', GONE, `cam${n}`);
    if (n % 500 > 0) continue;
    await events.written();
    const lines = readFileSync(path.join(folder, 'events.jsonl'), 'utf8').split('\n').length;
    longest = Math.max(longest, lines);
  }
  await events.close();
  t.ok(longest < 7000, `${longest} lines`);
  const again = await openIn(folder, { mostKept: 100 });
  const kept = again.events.after(0);
  t.ok(kept.length >= 100 && kept.length < 200, `${kept.length} events`);
  t.equal(kept.at(-1)!.stream, 'cam11999');
  await again.events.close();
});

t.test('a file of somebody else is set aside', async (t) => {
  const folder = folderOf(t);
  appendFileSync(path.join(folder, 'events.jsonl'), 'not a journal\n');
  const { events, lines } = await openIn(folder);
  t.match(lines, [/event journal cannot be read/]);
  events.emit('media.deleted', GONE, 'cam1');
  await events.close();
  const names = (await readdir(folder)).sort();
  t.match(names, ['events.jsonl', /^events\.jsonl\.unreadable-\d+$/]);
  t.equal(readFileSync(path.join(folder, names[1]!), 'utf8'), 'not a journal\n');
});

t.test('while the disk is full nobody waits, and later everything is written', async (t) => {
  const folder = smallDisk(t, '64k');
  if (folder === undefined) return;
  const { events, lines } = await openIn(folder, { mostKept: 50 });
  const heap = path.join(folder, 'heap');
  try {
    appendFileSync(heap, Buffer.alloc(1 << 17));
  } catch {}
  const type: EventType = 'media.deleted';
  for (let n = 0; n < 200; n++) {
    events.emit(type, GONE, `cam${n}`);
    await events.written();
  }
  t.match(lines, [/cannot be written/], 'said once');
  rmSync(heap);
  await until('the journal is written again', () => lines.length === 2);
  t.match(lines[1], /can be written again/);
  events.emit(type, GONE, 'last');
  await events.close();
  const again = await openIn(folder, { mostKept: 50 });
  t.strictSame(streamsOf(again.events.after(0)), streamsOf(events.after(0)));
  t.equal(again.events.after(0).at(-1)!.stream, 'last');
  await again.events.close();
});
