import { rename } from 'node:fs/promises';
import t from 'tap';
import { Readiness } from '../../src/http/readiness.ts';
import { testApp } from '../http/test-app.ts';

const ALL_OK = {
  workers: { status: 'ok' },
  storage: { status: 'ok' },
  spool: { status: 'ok' },
  index: { status: 'ok' },
  disk: { status: 'ok' },
};
const SECRET = 'a secret of this test, which is long enough';

t.test('alive and ready, to anyone, and the parts to who may read all', async (t) => {
  const { app } = await testApp(t, `[auth]\nsecret = "${SECRET}"`);
  const exp = Math.floor(Date.now() / 1000) + 60;
  const token = (id: string, mode: number) => ({
    headers: { authorization: `Bearer ${app.jwt.sign({ id, exp, mode })}` },
  });
  const alive = await app.inject('/healthz');
  t.strictSame([alive.statusCode, alive.json()], [200, { status: 'ok' }]);
  t.equal(alive.headers['cache-control'], 'no-store');
  const ready = async (options = {}) => {
    const reply = await app.inject({ url: '/readyz', ...options });
    t.equal(reply.statusCode, 200);
    return reply.json();
  };
  t.strictSame(await ready(), { status: 'ready' });
  t.strictSame(await ready(token('cam1', 7)), { status: 'ready' });
  t.strictSame(await ready(token('*', 3)), { status: 'ready' });
  t.strictSame(await ready({ headers: { authorization: 'Bearer x' } }), { status: 'ready' });
  t.strictSame(await ready(token('*', 4)), { status: 'ready', parts: ALL_OK });
});

t.test('what is wrong, part by part', async (t) => {
  const { app, recorder, root } = await testApp(t);
  const report = () => new Readiness(app).report();
  t.strictSame(await report(), { status: 'ready', parts: ALL_OK });

  recorder.alive = { alive: 1, of: 2 };
  t.match(await report(), {
    status: 'unavailable',
    parts: { workers: { status: 'failed', reason: '1 of 2 workers are being restarted' } },
  });
  const unavailable = await app.inject('/readyz');
  t.equal(unavailable.statusCode, 503);
  t.match(unavailable.json(), { status: 'unavailable', parts: { index: { status: 'ok' } } });
  recorder.alive = { alive: 2, of: 2 };

  const { streams } = recorder;
  recorder.streams = () => new Promise(() => {});
  t.match(await report(), {
    parts: { workers: { status: 'failed', reason: 'no answer from the workers within 2 s' } },
  });
  recorder.streams = streams;

  await rename(root, `${root}.away`);
  t.match(await report(), {
    status: 'unavailable',
    parts: { storage: { status: 'failed', reason: 'the storage cannot be used (ENOENT)' } },
  });
  await rename(`${root}.away`, root);

  app.disk = { isLow: true, secondsUntilFull: 5 };
  app.indexState = { isCompleting: true };
  t.match(await report(), {
    status: 'ready',
    parts: { disk: { status: 'degraded' }, index: { status: 'degraded' } },
  });
});
