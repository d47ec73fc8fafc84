import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { segmentOf, testApp } from '../http/test-app.ts';
import { parseAsLiveman } from '../liveman/liveman-shapes.ts';

/** Listens to events as Liveman does: line by line. */
async function listenTo(app: FastifyInstance, path: string, headers = {}) {
  const { port } = app.server.address() as AddressInfo;
  const outgoing = request({ port, path, headers });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const lines = createInterface({ input: incoming })[Symbol.asyncIterator]();
  return {
    incoming,
    /** Names of the streams in the next event; undefined at the end. */
    async next(): Promise<string[] | undefined> {
      const data = await this.data();
      return data === undefined ? data : parseAsLiveman('streams', data).map(({ id }) => id);
    },
    /** The data of the next event; undefined at the end. */
    async data(): Promise<string | undefined> {
      let data = '';
      for (;;) {
        const { value: line, done } = await lines.next();
        if (done) return undefined;
        if (line.startsWith('data:')) data += line.slice(5).trimStart();
        if (line === '' && data !== '') return data;
      }
    },
    leave: () => outgoing.destroy(),
  };
}

t.test('changes of streams, until the recorder stops', async (t) => {
  const { app, recorder } = await testApp(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  await recorder.publish('cam1', 'v=0');
  const all = await listenTo(app, '/api/sse/streams');
  t.equal(all.incoming.statusCode, 200);
  t.match(all.incoming.headers, {
    'content-type': /^text\/event-stream/,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  t.strictSame(await all.next(), ['cam1']);
  const named = await listenTo(app, '/api/sse/streams?streams=cam2&streams=cam3');
  t.strictSame(await named.next(), []);
  await recorder.publish('cam2', 'v=0');
  t.strictSame(await Promise.all([all.next(), named.next()]), [['cam1', 'cam2'], ['cam2']]);
  const closing = app.close();
  t.strictSame(await Promise.all([all.next(), named.next()]), [undefined, undefined]);
  await closing;
});

t.test('no more than a hundred at a time, and who leaves makes room', async (t) => {
  const { app } = await testApp(t, '[auth]\ntokens = ["node"]');
  const headers = { authorization: 'Bearer node' };
  await app.listen({ host: '127.0.0.1', port: 0 });
  const listeners = await Promise.all(
    Array.from({ length: 100 }, () => listenTo(app, '/api/sse/streams', headers)),
  );
  const refused = await app.inject({ url: '/api/sse/streams', headers });
  t.equal(refused.statusCode, 503);
  t.equal(refused.headers['retry-after'], '5');
  t.match(refused.json().message, /at most 100/);

  const gone = new Promise((resolve) => {
    app.server.getConnections((_error, before) => {
      const look = () =>
        app.server.getConnections((_error, now) =>
          now < before ? resolve(undefined) : setImmediate(look),
        );
      look();
    });
  });
  listeners[0]!.leave();
  await gone;
  const another = await listenTo(app, '/api/sse/streams', headers);
  t.equal(another.incoming.statusCode, 200);
  t.strictSame(await another.next(), []);
  await app.close();
});

t.test('asks for a token, and for one that is for all streams', async (t) => {
  const { app } = await testApp(t, '[auth]\ntokens = ["node"]');
  t.equal((await app.inject('/api/sse/streams')).statusCode, 401);
  t.equal((await app.inject({ method: 'HEAD', url: '/api/sse/streams' })).statusCode, 405);
});

t.test('the console follows streams with their newest folder, and the storage', async (t) => {
  const secret = 'a secret that is long enough for all of us';
  const { app, recorder, segmentIndex } = await testApp(t, `[auth]\nsecret = "${secret}"`);
  const token = (id: string) => ({
    authorization: `Bearer ${app.jwt.sign({ id, mode: 4, exp: 4102444800 })}`,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  await segmentIndex.add(segmentOf('cam1'));
  await segmentIndex.add(
    segmentOf('cam1', {
      path: 'cam1/2025/07/25/seg_0001.m4s',
      startUs: 1753401600000000,
      endUs: 1753401605000000,
      keyframes: [1753401600000000],
    }),
  );
  const all = await listenTo(app, '/api/recorder/events', token('*'));
  t.match(all.incoming.headers, { 'content-type': /^text\/event-stream/ });
  const first = JSON.parse((await all.data())!);
  t.match(first, { storage: { type: 'fs' }, streams: [{ stream: 'cam1', state: 'idle' }] });
  const folders = first.streams[0].recordings.map(({ folder }: { folder: string }) => folder);
  t.strictSame(folders, ['cam1/2025/07/25'], 'what no longer changes is not told again');

  const one = await listenTo(app, '/api/recorder/events?stream=cam2', token('cam2'));
  t.strictSame(JSON.parse((await one.data())!), { streams: [] }, 'nothing of what is not its own');
  await recorder.start('cam2');
  t.match(JSON.parse((await one.data())!), { streams: [{ stream: 'cam2', state: 'recording' }] });
  await app.close();
});
