import { once } from 'node:events';
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import autoload from '@fastify/autoload';
import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { replyWithError } from '../../src/http/errors.ts';
import { compileValidator, validationError } from '../../src/http/validation.ts';
import type { SegmentIndex } from '../../src/segment-index/segment-index.ts';
import { openIndex, parse, segment } from '../segment-index/open-index.ts';
import type { SegmentPage } from '../server/recorder-client.ts';

/** A server with this route alone, loaded as the service loads it. */
async function build(
  t: Test,
  options: { closeIndex?: boolean } = {},
): Promise<{ app: FastifyInstance; index: SegmentIndex }> {
  const { index } = await openIndex(join(t.testdir(), 'index.journal'), { nodeAlias: 'node-1' });
  const app = fastify({ schemaErrorFormatter: validationError });
  app.setValidatorCompiler(compileValidator);
  app.setErrorHandler<FastifyError>(replyWithError);
  app.decorate('segmentIndex', index);
  await app.register(autoload, {
    dir: fileURLToPath(new URL('../../routes', import.meta.url)),
    matchFilter: (path) => path.endsWith('record/segments.ts'),
  });
  t.teardown(async () => {
    await app.close();
    if (options.closeIndex !== false) await index.close();
  });
  return { app, index };
}

const SEGMENTS_URL = '/api/record/segments';

t.test('answers with a page', async (t) => {
  const { app, index } = await build(t);
  const created: number[] = [];
  for (let n = 0; n < 3; n++) {
    created.push(await index.add(segment(n)));
    created.push(await index.add(segment(n, { kind: 'audio' })));
  }
  const reply = await app.inject({ url: SEGMENTS_URL });
  t.equal(reply.statusCode, 200);
  t.equal(reply.headers['content-type'], 'application/json; charset=utf-8');
  t.equal(reply.headers['cache-control'], 'no-store');
  t.strictSame(Object.keys(reply.json()), ['segments', 'last_ts', 'has_more']);
  t.strictSame(reply.json().segments[0], {
    node_alias: 'node-1',
    stream: 'cam1',
    kind: 'video',
    start_ts: 1753315200000000,
    end_ts: 1753315210000000,
    duration_ms: 10000,
    path: 'cam1/2025/07/24/seg_0001.m4s',
    init_path: 'cam1/2025/07/24/init.m4s',
    is_keyframe: true,
    keyframes: [1753315200000000, 1753315205000000],
    codec: 'avc1.42e01f',
    size: 1000000,
    created_at: created[0],
    uploaded: true,
  });

  const createdAt = async (query: Record<string, string>) => {
    const { segments } = (await app.inject({ url: SEGMENTS_URL, query })).json();
    return segments.map((each: { created_at: number }) => created.indexOf(each.created_at));
  };
  t.strictSame(await createdAt({}), [0, 1, 2, 3, 4, 5]);
  t.strictSame(await createdAt({ since_ts: String(created[3]) }), [4, 5]);
  t.strictSame(await createdAt({ limit: '2', kind: 'audio' }), [1, 3]);
  t.strictSame(await createdAt({ stream: 'cam1', kind: 'video' }), [0, 2, 4]);
  t.strictSame(await createdAt({ stream: 'nobody' }), []);
  t.strictSame(
    await createdAt({ start_ts: '1753315210000000', end_ts: '1753315220000000' }),
    [2, 3],
  );
  t.strictSame(
    await createdAt({ start_ts: '1753315210000000', end_ts: '1753315210000000' }),
    [2, 3],
    'an instant',
  );
  t.strictSame(await createdAt({ start_ts: '1753315220000001' }), [4, 5]);
  t.strictSame(await createdAt({ end_ts: '1753315200000001' }), [0, 1]);
});

t.test('refuses unknown and malformed parameters by name', async (t) => {
  const { app } = await build(t);
  const bad: [string, RegExp][] = [
    ['since=1', /since/],
    ['stream=', /stream/],
    ['stream=a&stream=b', /stream/],
    ['kind=text', /kind/],
    ['limit=0', /limit/],
    ['limit=1001', /limit/],
    ['limit=1.5', /limit/],
    ['limit=', /limit/],
    ['limit=all', /limit/],
    ['wait=61', /wait/],
    ['wait=-1', /wait/],
    ['since_ts=-1', /since_ts/],
    ['since_ts=9007199254740993', /since_ts/],
    ['start_ts=1e3', /start_ts/],
    ['start_ts=2&end_ts=1', /end_ts must not be less than start_ts/],
  ];
  for (const [query, message] of bad) {
    const reply = await app.inject({ url: `${SEGMENTS_URL}?${query}` });
    t.equal(reply.statusCode, 400, query);
    t.match(reply.json(), { statusCode: 400, error: 'Bad Request', message }, query);
  }
});

/** Asks over a real socket. */
async function listen(app: FastifyInstance): Promise<(query: string) => ClientRequest> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return (query) =>
    get({ host: '127.0.0.1', port, path: `${SEGMENTS_URL}?${query}`, agent: false });
}

async function answerOf(request: ClientRequest) {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const body: Buffer[] = [];
  for await (const part of response) body.push(part);
  return { status: response.statusCode, page: parse(Buffer.concat(body)) };
}

/** Resolves once so many requests wait for a segment. */
async function waiting(index: SegmentIndex, count: number): Promise<void> {
  while (index.waiting !== count) await new Promise((resolve) => setImmediate(resolve));
}

t.test('does not write into a page that a slow reader has not got yet', async (t) => {
  const { app, index } = await build(t);
  await Promise.all(Array.from({ length: 1000 }, (_, n) => index.add(segment(n))));
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const pageUrl = `${SEGMENTS_URL}?limit=1000`;
  const page = (await app.inject({ url: pageUrl })).body;

  // More than the kernel keeps for a connection that nobody reads.
  const pages = 40;
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  await once(socket, 'connect');
  const request = `GET ${pageUrl} HTTP/1.1\r\nHost: 127.0.0.1\r\n`;
  socket.write(`${request}\r\n`.repeat(pages - 1));
  socket.write(`${request}Connection: close\r\n\r\n`);
  for (let n = 1; n <= 20; n++) {
    const other = await fetch(`http://127.0.0.1:${port}${pageUrl}&start_ts=${segment(n).startUs}`);
    t.equal(((await other.json()) as SegmentPage).segments[0]!.start_ts, segment(n).startUs);
  }
  const received = (await text(socket)).split(/HTTP\/1.1 200 OK\r\n[\s\S]*?\r\n\r\n/).slice(1);
  t.equal(received.length, pages);
  t.ok(
    received.every((body) => body === page),
    'all pages are as they were selected',
  );
});

t.test('long poll', async (t) => {
  const { app, index } = await build(t, { closeIndex: false });
  const ask = await listen(app);
  let sinceTs = 0;

  await t.test('answers as soon as there is a segment that matches', async (t) => {
    const answer = answerOf(ask('wait=60&stream=cam2'));
    await waiting(index, 1);
    await index.add(segment(0));
    t.equal(index.waiting, 1, 'not for another stream');
    sinceTs = await index.add(segment(0, { stream: 'cam2' }));
    const { status, page } = await answer;
    t.equal(status, 200);
    t.match(page, { segments: [{ stream: 'cam2' }], last_ts: sinceTs, has_more: false });
    t.equal(index.waiting, 0);
  });

  await t.test('answers at once when there is one already', async (t) => {
    const { page } = await answerOf(ask(`wait=60&since_ts=${sinceTs - 1}`));
    t.equal(page.segments.length, 1);
  });

  await t.test('answers with an empty page when the time is over', async (t) => {
    const { status, page } = await answerOf(ask(`wait=1&since_ts=${sinceTs}`));
    t.equal(status, 200);
    t.strictSame(page, { segments: [], last_ts: sinceTs, has_more: false });
  });

  await t.test('wakes many at once', async (t) => {
    const answers = Array.from({ length: 100 }, () => answerOf(ask(`wait=60&since_ts=${sinceTs}`)));
    await waiting(index, 100);
    const newer = await index.add(segment(1));
    for (const { page } of await Promise.all(answers)) {
      if (page.last_ts !== newer || page.segments.length !== 1) t.fail('another answer');
    }
    sinceTs = newer;
    t.equal(index.waiting, 0);
  });

  await t.test('ends when the client goes away', async (t) => {
    const request = ask(`wait=60&since_ts=${sinceTs}`);
    request.on('error', () => {});
    await waiting(index, 1);
    request.destroy();
    await waiting(index, 0);
    t.pass();
  });

  await t.test('ends when the server closes', async (t) => {
    const answer = answerOf(ask(`wait=60&since_ts=${sinceTs}`));
    await waiting(index, 1);
    const closed = app.close();
    const { status, page } = await answer;
    t.equal(status, 200);
    t.strictSame(page.segments, []);
    await closed;
    t.equal(index.waiting, 0);
  });

  await index.close();
});
