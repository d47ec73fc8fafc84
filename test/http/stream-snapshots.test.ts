import { once } from 'node:events';
import type { Readable } from 'node:stream';
import t from 'tap';
import type { Listener } from '../../src/http/event-stream.ts';
import { EventStreams } from '../../src/http/event-streams.ts';
import { live777Streams } from '../../src/http/live777-json.ts';
import { StreamSnapshots, type StreamSnapshotsOptions } from '../../src/http/stream-snapshots.ts';
import { RecorderStandIn } from './recorder-stand-in.ts';

const ERRORS: string[] = [];

interface Options extends Partial<Pick<StreamSnapshotsOptions, 'recorder'>> {
  keepAliveMs?: number;
  stallMs?: number;
  maxClients?: number;
  maxPerAddress?: number;
  replacesOldest?: boolean;
}

/** Snapshots that are taken whenever there is a moment, and the replies that they are sent in. */
function snapshotsOf(recorder: RecorderStandIn, more: Options = {}) {
  const snapshots = new StreamSnapshots({
    recorder: more.recorder ?? recorder,
    log: { error: (_fields, message) => ERRORS.push(message) },
    write: (statuses, named) => JSON.stringify(live777Streams(statuses, named)),
    pollMs: 1,
  });
  const streams = new EventStreams({
    keepAliveMs: more.keepAliveMs ?? 60_000,
    stallMs: more.stallMs ?? 60_000,
    maxClients: more.maxClients ?? 3,
    maxPerAddress: more.maxPerAddress ?? 3,
    replacesOldest: () => more.replacesOldest ?? false,
  });
  return {
    subscribe(named: string | string[] = [], listener?: Listener): Readable | undefined {
      const stream = streams.open(listener);
      if (stream !== undefined) snapshots.subscribe(stream, named);
      return stream?.body;
    },
    get clients() {
      return streams.size;
    },
    get cutOff() {
      return streams.cutOff;
    },
    close() {
      streams.close();
      snapshots.close();
    },
  };
}

/** A client that reads one event at a time. */
class Reader {
  readonly body: Readable;
  readonly #events: AsyncIterator<Buffer>;

  constructor(body: Readable | undefined) {
    if (body === undefined) throw new Error('there were too many');
    this.body = body;
    this.#events = body[Symbol.asyncIterator]();
  }

  /** The next event as it stands on the wire; undefined at the end. */
  async next(): Promise<string | undefined> {
    const { value, done } = await this.#events.next();
    return done ? undefined : String(value);
  }

  /** Names of the streams in the next event. */
  async streams(): Promise<string[]> {
    const event = await this.next();
    const [, json] = /^data: (\[.*\])\n\n$/.exec(event ?? '') ?? [];
    if (json === undefined) throw new Error(`not an event: ${event}`);
    return JSON.parse(json).map(({ id }: { id: string }) => id);
  }

  async leave(): Promise<void> {
    this.body.destroy();
    await once(this.body, 'close');
  }
}

t.test('all streams at once, and again all of them when something changes', async (t) => {
  const recorder = new RecorderStandIn();
  const snapshots = snapshotsOf(recorder);
  t.teardown(() => snapshots.close());
  const all = new Reader(snapshots.subscribe());
  const named = new Reader(snapshots.subscribe(['cam2', 'cam3']));
  t.strictSame(await Promise.all([all.streams(), named.streams()]), [[], []]);
  await recorder.publish('cam1', 'v=0');
  t.strictSame(await all.streams(), ['cam1']);
  await recorder.publish('cam2', 'v=0');
  t.strictSame(await Promise.all([all.streams(), named.streams()]), [['cam1', 'cam2'], ['cam2']]);
  t.strictSame(
    await new Reader(snapshots.subscribe('cam1')).streams(),
    ['cam1'],
    'one who comes later',
  );
  await recorder.unpublish('cam1', 's 1');
  t.strictSame(await all.streams(), ['cam2']);
});

t.test('one question at a time for all, and none when nobody listens', async (t) => {
  const recorder = new RecorderStandIn();
  let underWay = 0;
  let most = 0;
  let asked = 0;
  const streams = async () => {
    asked++;
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay--;
    return recorder.streams();
  };
  const snapshots = snapshotsOf(recorder, { recorder: { streams } });
  const readers = [1, 2, 3].map(() => new Reader(snapshots.subscribe()));
  t.equal(snapshots.subscribe(), undefined, 'three are enough');
  await Promise.all(readers.map((reader) => reader.streams()));
  await recorder.publish('cam1', 'v=0');
  await Promise.all(readers.map((reader) => reader.streams()));
  t.equal(most, 1);
  for (const reader of readers) await reader.leave();
  t.equal(snapshots.clients, 0);
  // What was under way may end; after that nothing more is asked.
  while (underWay > 0) await new Promise((resolve) => setImmediate(resolve));
  const before = asked;
  const another = new Reader(snapshotsOf(recorder).subscribe());
  for (let events = 0; events < 3; events++) {
    const name = `other${events}`;
    const event = another.streams();
    if (events > 0) await recorder.publish(name, 'v=0');
    await event;
  }
  await another.leave();
  t.equal(asked, before);
  snapshots.close();
});

t.test('a comment where there is nothing to tell', async (t) => {
  const snapshots = snapshotsOf(new RecorderStandIn(), { keepAliveMs: 0 });
  const body = new Reader(snapshots.subscribe());
  t.match(await body.next(), /^data: \[\]\n\n$/);
  t.match(await body.next(), /^:[^\n]*\n\n$/);
  snapshots.close();
});

t.test('a recorder that fails for a while is told once, and asked again', async (t) => {
  const recorder = new RecorderStandIn();
  ERRORS.length = 0;
  let failures = 3;
  const streams = () => (failures-- > 0 ? Promise.reject(new Error('worker')) : recorder.streams());
  const snapshots = snapshotsOf(recorder, { recorder: { streams } });
  t.strictSame(await new Reader(snapshots.subscribe()).streams(), []);
  t.equal(failures, -1);
  t.equal(ERRORS.length, 1);
  snapshots.close();
});

t.test('a client that takes nothing keeps one snapshot waiting, and is given up', async (t) => {
  const recorder = new RecorderStandIn();
  // Larger than what a stream holds back.
  for (let n = 0; n < 400; n++) await recorder.publish(`cam${n}`, 'v=0');
  const snapshots = snapshotsOf(recorder);
  const slow = new Reader(snapshots.subscribe());
  const quick = new Reader(snapshots.subscribe());
  await quick.next();
  for (let n = 0; n < 20; n++) {
    const event = quick.next();
    await recorder.publish(`more${n}`, 'v=0');
    await event;
  }
  await quick.leave();
  const [first, second] = [await slow.streams(), await slow.streams()];
  t.equal(first.length, 400);
  t.equal(second.length, 420, 'the nineteen in between were left out');
  snapshots.close();

  const impatient = snapshotsOf(recorder, { stallMs: 0 });
  const stalled = impatient.subscribe()!;
  await once(stalled, 'close');
  t.equal(impatient.clients, 0);
  t.equal(impatient.cutOff, 1, 'and counted');
  impatient.close();
});

t.test('all replies end when it closes', async (t) => {
  const snapshots = snapshotsOf(new RecorderStandIn());
  const body = new Reader(snapshots.subscribe());
  await body.next();
  snapshots.close();
  t.equal(await body.next(), undefined);
  t.equal(snapshots.subscribe(), undefined);
});

t.test('an address has no more than its share, and who is trusted always finds room', async (t) => {
  const snapshots = snapshotsOf(new RecorderStandIn(), { maxClients: 3, maxPerAddress: 2 });
  const guest = (address: string) => snapshots.subscribe([], { address, isTrusted: false });
  const trusted = () => snapshots.subscribe([], { address: '192.0.2.1', isTrusted: true });
  const first = new Reader(guest('192.0.2.1'));
  const second = new Reader(guest('192.0.2.1'));
  t.equal(guest('192.0.2.1'), undefined);
  const other = new Reader(guest('192.0.2.2'));
  t.equal(guest('192.0.2.3'), undefined, 'all places are taken');
  for (const reader of [first, second, other]) await reader.next();
  const own = new Reader(trusted());
  t.equal(await first.next(), undefined, 'the oldest of the address with the most had to go');
  await own.next();
  const more = [new Reader(trusted()), new Reader(trusted())];
  t.equal(trusted(), undefined, 'there is nobody left to go');
  for (const reader of [second, other, own, ...more]) await reader.leave();
});

t.test(
  'where nobody has a token the newest replaces the oldest of the busiest address',
  async (t) => {
    const options = { maxClients: 3, maxPerAddress: 2, replacesOldest: true };
    const snapshots = snapshotsOf(new RecorderStandIn(), options);
    const listen = (address: string) =>
      new Reader(snapshots.subscribe([], { address, isTrusted: false }));
    const liveman = listen('192.0.2.1');
    const readers = [1, 2, 3, 4].map(() => listen('192.0.2.9'));
    for (const gone of readers.slice(0, 2)) {
      while ((await gone.next()) !== undefined);
    }
    const newcomer = listen('192.0.2.7');
    while ((await readers[2]!.next()) !== undefined);
    t.same(await liveman.streams(), []);
    t.equal(snapshots.clients, 3);
    for (const reader of [liveman, readers[3]!, newcomer]) await reader.leave();
  },
);
