import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { EventLog, eventJournalPath } from '../../src/events/event-log.ts';
import { EventFollower } from '../../src/http/event-follower.ts';
import { EventStreams } from '../../src/http/event-streams.ts';
import { testApp } from '../http/test-app.ts';

const SECRET = 'a secret of this test, which is long enough';
const GONE = { start_ts: 1, end_ts: 2, segments: 1, bytes: 3, reason: 'request' } as const;
const BACK = { name: '/records', waiting_files: 0, waiting_bytes: 0 };

/** Follows events on a real connection, read by a parser of server-sent events that is not ours. */
async function follow(app: FastifyInstance, query = '', headers = {}) {
  const { port } = app.server.address() as AddressInfo;
  const outgoing = request({ port, path: `/api/events${query}`, headers }).end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const received: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => received.push(event) });
  const chunks = incoming.setEncoding('utf8')[Symbol.asyncIterator]();
  return {
    status: incoming.statusCode,
    headers: incoming.headers,
    /** The next event; undefined at the end. */
    async next() {
      while (received.length === 0) {
        const { value, done } = await chunks.next();
        if (done) return undefined;
        parser.feed(value);
      }
      const { id, data } = received.shift()!;
      return { id, ...JSON.parse(data) };
    },
    leave: () => outgoing.destroy(),
  };
}

t.test('events as they happen, to whom they concern', async (t) => {
  const { app, events } = await testApp(t, `[auth]\nsecret = "${SECRET}"\ntokens = ["node"]`);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const token = (id: string) => ({
    authorization: `Bearer ${app.jwt.sign({ id, exp: Math.floor(Date.now() / 1000) + 60, mode: 4 })}`,
  });
  const all = await follow(app, '', token('*'));
  t.equal(all.status, 200);
  t.match(all.headers, { 'content-type': /^text\/event-stream/, 'cache-control': 'no-store' });
  const cam2 = await follow(app, '', token('cam2'));
  const asked = await follow(app, '?stream=cam2', token('cam2'));
  const deletions = await follow(app, '?type=media.*&type=disk.low', {
    authorization: 'Bearer node',
  });
  events.emit('storage.recovered', BACK);
  events.emit('media.deleted', GONE, 'cam1');
  events.emit('media.deleted', GONE, 'cam2');
  t.match(await all.next(), { type: 'storage.recovered', node: 'test-node', data: BACK });
  const first = await all.next();
  t.match(first, { id: /^evt_\d{16}$/, type: 'media.deleted', stream: 'cam1', data: GONE });
  for (const each of [all, cam2, asked]) t.match(await each.next(), { stream: 'cam2' });
  t.strictSame(
    [(await deletions.next()).stream, (await deletions.next()).stream],
    ['cam1', 'cam2'],
  );
  t.equal((await follow(app, '?stream=cam1', token('cam2'))).status, 403);
  t.equal((await follow(app)).status, 401);
  t.equal((await follow(app, '?type=nothing', token('*'))).status, 400);
  all.leave();
  const back = await follow(app, '', { ...token('*'), 'last-event-id': first.id });
  t.match(await back.next(), { stream: 'cam2' }, 'only what came later');
  const closing = app.close();
  t.equal(await back.next(), undefined, 'it ends with the recorder');
  await closing;
});

t.test('after a restart a client gets what it has missed, or is told that it cannot', async (t) => {
  const { app, events, config } = await testApp(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  for (const stream of ['a', 'b', 'c']) events.emit('media.deleted', GONE, stream);
  await events.written();
  const [a, b] = events.after(0);
  // As a process that was killed leaves it.
  const again = await EventLog.open({
    path: eventJournalPath(config.recorder.indexPath),
    node: 'test-node',
    log: app.log,
  });
  t.teardown(() => again.close());
  const idOf = ({ stamp }: { stamp: number }) => `evt_${stamp}`;
  const streams = new EventStreams({
    ...{ keepAliveMs: 60_000, stallMs: 60_000, maxClients: 9, maxPerAddress: 9 },
    replacesOldest: () => false,
  });
  t.teardown(() => streams.close());
  const sent = (lastId?: string, log = again) => {
    const stream = streams.open()!;
    new EventFollower(log, stream, { lastId, concerns: () => true });
    let text = '';
    for (let chunk = stream.body.read(); chunk !== null; chunk = stream.body.read()) text += chunk;
    const types = [...text.matchAll(/"type":"([^"]+)"(?:.*"stream":"(\w)")?/g)];
    return types.map(([, type, name]) => name ?? type);
  };
  t.strictSame(sent(idOf(b!)), ['c']);
  t.strictSame(sent(idOf(a!)), ['b', 'c']);
  t.strictSame(sent(), [], 'who asks for nothing earlier');
  t.strictSame(
    sent(`evt_${a!.stamp - 1000}`),
    ['events.lost', 'a', 'b', 'c'],
    'perhaps older ones',
  );
  t.strictSame(sent('17'), ['events.lost', 'a', 'b', 'c'], 'not ours');
  t.strictSame(sent(`evt_${a!.stamp + 1e9}`), ['events.lost', 'a', 'b', 'c'], 'of the future');
  const over = await follow(app, '', { 'last-event-id': 'evt_1' });
  t.match(await over.next(), { type: 'media.deleted', stream: 'a' }, 'here it is known to be all');
  over.leave();
});

t.test('one who reads slowly keeps its place and no events', async (t) => {
  const { events } = await testApp(t);
  const streams = new EventStreams({
    ...{ keepAliveMs: 60_000, stallMs: 60_000, maxClients: 9, maxPerAddress: 9 },
    replacesOldest: () => false,
  });
  const stream = streams.open()!;
  new EventFollower(events, stream, { concerns: ({ stream }) => stream !== 'none' });
  for (let n = 0; n < 3000; n++)
    events.emit('media.deleted', GONE, n % 3 === 0 ? 'none' : `cam${n}`);
  t.ok(stream.body.readableLength < 100_000, `${stream.body.readableLength} bytes wait`);
  const received: string[] = [];
  const parser = createParser({ onEvent: ({ data }) => received.push(JSON.parse(data).stream) });
  for await (const chunk of stream.body) {
    parser.feed(String(chunk));
    if (received.length === 2000) break;
  }
  t.equal(new Set(received).size, 2000);
  t.equal(received.at(-1), 'cam2999');
  streams.close();
});
