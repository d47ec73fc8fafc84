import t from 'tap';
import { testApp } from './test-app.ts';

const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const ask = { url: '/nothing', headers: { 'x-request-id': 'from-the-proxy' } };

t.test('an error reply names its request, by the id of a trusted proxy', async (t) => {
  const { app } = await testApp(t, '[http]\ntrust_proxy = ["192.0.2.1"]');
  const idOf = async (request: object) =>
    (await app.inject({ ...ask, ...request })).headers['x-request-id'];
  t.equal(await idOf({ remoteAddress: '192.0.2.1' }), 'from-the-proxy');
  t.match(await idOf({ remoteAddress: '192.0.2.2' }), UUID, 'anybody could say anything');
  const longOne = { 'x-request-id': 'x'.repeat(129) };
  t.match(await idOf({ remoteAddress: '192.0.2.1', headers: longOne }), UUID);
  t.notOk('x-request-id' in (await app.inject('/api/info')).headers);
});

t.test('without a trusted proxy every request has an id of its own', async (t) => {
  const { app } = await testApp(t);
  const ids = [await app.inject(ask), await app.inject(ask)].map(
    ({ headers }) => headers['x-request-id'],
  );
  for (const id of ids) t.match(id, UUID);
  t.not(ids[0], ids[1]);
});
