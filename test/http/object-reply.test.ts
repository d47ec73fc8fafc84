import { Readable } from 'node:stream';
import fastify from 'fastify';
import t from 'tap';
import { replyWithError } from '../../src/http/errors.ts';
import { sendObject } from '../../src/http/object-reply.ts';

t.test('a weak tag of a store is the same as none where that must be sure', async (t) => {
  const app = fastify();
  app.setErrorHandler(replyWithError as never);
  app.get('/', (request, reply) =>
    sendObject(request, reply, {
      size: 10,
      etag: 'W/"w"',
      open: async (range) => Readable.from('0123456789'.slice(range?.start ?? 0)),
    }),
  );
  const status = async (headers: Record<string, string>) =>
    (await app.inject({ url: '/', headers })).statusCode;
  t.equal(await status({ range: 'bytes=5-' }), 206);
  t.equal(await status({ range: 'bytes=5-', 'if-range': 'W/"w"' }), 200);
  t.equal(await status({ range: 'bytes=5-', 'if-range': '"w"' }), 200);
  t.equal(await status({ 'if-match': 'W/"w"' }), 412);
  t.equal(await status({ 'if-match': '"w"' }), 412);
  t.equal(await status({ 'if-match': '*' }), 200);
  t.equal(await status({ 'if-none-match': 'W/"w"' }), 304);
  t.equal(await status({ 'if-none-match': '"a,b", "w"' }), 304);
  t.equal(await status({ 'if-none-match': 'w' }), 200);
  await app.close();
});
