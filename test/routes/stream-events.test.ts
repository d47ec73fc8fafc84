import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { testApp } from '../http/test-app.ts';
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
      let data = '';
      for (;;) {
        const { value: line, done } = await lines.next();
        if (done) return undefined;
        if (line.startsWith('data:')) data += line.slice(5).trimStart();
        if (line === '' && data !== '') break;
      }
      return parseAsLiveman('streams', data).map(({ id }) => id);
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
  t.match(refused.json().message, /no more than 100/);

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
