import t from 'tap';
import { testApp } from '../http/test-app.ts';

t.test('starting, with and without a body', async (t) => {
  const { app, recorder } = await testApp(t);
  const json = { 'content-type': 'application/json' };
  const started = {
    id: 'cam1',
    record_id: '1753315200',
    record_dir: 'cam1/2025/07/24',
    mpd_path: 'cam1/2025/07/24/manifest.mpd',
  };
  for (const more of [
    {},
    { headers: json },
    { headers: json, payload: '' },
    { headers: json, payload: ' \r\n' },
    { headers: json, payload: '{}' },
    { headers: json, payload: 'null' },
    { headers: json, payload: '{"base_dir":null}' },
    { headers: { 'content-type': 'application/json; charset=utf-8' }, payload: '{}' },
  ]) {
    const reply = await app.inject({ method: 'POST', url: '/api/record/cam1', ...more });
    t.equal(reply.statusCode, 200, JSON.stringify(more));
    t.strictSame(reply.json(), started);
  }
  for (const call of recorder.calls) t.strictSame(call, ['start', 'cam1', undefined]);

  const based = await app.inject({
    method: 'POST',
    url: '/api/record/cam1',
    payload: { base_dir: 'a/1753315200' },
  });
  t.equal(based.json().record_dir, 'a/1753315200/cam1/2025/07/24');
});

t.test('what waits for a publisher has no identifier for Liveman, who would list it', async (t) => {
  const { app, recorder } = await testApp(t);
  recorder.waiting.add('cam1');
  const url = '/api/record/cam1';
  const place = { id: 'cam1', record_dir: 'cam1/2025/07/24' };
  for (const payload of [{ base_dir: null }, { base_dir: 'a/1753315200' }]) {
    const reply = await app.inject({ method: 'POST', url, payload });
    t.equal(reply.statusCode, 200);
    t.equal(reply.json().record_id, undefined);
    t.match(reply.json().mpd_path, /cam1\/2025\/07\/24\/manifest\.mpd$/);
  }
  for (const payload of [undefined, {}]) {
    const reply = await app.inject({ method: 'POST', url, ...(payload && { payload }) });
    t.match(reply.json(), { ...place, record_id: '1753315200' }, 'others are told');
  }
  recorder.waiting.clear();
  const reply = await app.inject({ method: 'POST', url, payload: { base_dir: null } });
  t.match(reply.json(), { ...place, record_id: '1753315200' }, 'and Liveman, once it is recorded');
});

t.test('bodies that cannot be', async (t) => {
  const { app, recorder } = await testApp(t);
  const post = async (payload: string, type = 'application/json') => {
    const headers = { 'content-type': type };
    const reply = await app.inject({ method: 'POST', url: '/api/record/cam1', headers, payload });
    return [reply.statusCode, reply.json().message];
  };
  t.strictSame(await post('{"base_dir":3}'), [400, 'body.base_dir: must be either string or null']);
  t.strictSame(await post('{"basedir":"x"}'), [400, 'body: unknown "basedir"']);
  t.strictSame(await post('[]'), [400, 'body: must be object']);
  t.strictSame(await post('"x"'), [400, 'body: must be object']);
  t.match(await post('{'), [400, /JSON/]);
  t.match(await post('{"__proto__":{"x":1}}'), [400, String]);
  t.match(await post('{"base_dir":""}'), [400, /^body\.base_dir: /]);
  t.match(await post('{}', 'text/plain'), [415, String]);
  t.match(await post('{}', 'application/x-www-form-urlencoded'), [415, String]);
  t.match(await post(`{"base_dir":"${'x'.repeat(300_000)}"}`), [413, String]);
  t.strictSame(recorder.calls, []);
});

t.test('status of a stream that is recorded, and of one that nobody knows', async (t) => {
  const { app, recorder } = await testApp(t);
  await recorder.start('cam1');
  const known = await app.inject('/api/record/cam1');
  t.strictSame(known.json(), {
    recording: true,
    id: 'cam1',
    state: 'recording',
    record_id: '1753315200',
    record_dir: 'cam1/2025/07/24',
    mpd_path: 'cam1/2025/07/24/manifest.mpd',
    started_at: 1753315200000000,
    tracks: [],
  });
  const unknown = await app.inject('/api/record/cam2');
  t.equal(unknown.statusCode, 200);
  t.strictSame(unknown.json(), { recording: false, id: 'cam2', state: 'idle', tracks: [] });
  recorder.statuses.set('cam3', {
    stream: 'cam3',
    state: 'failed',
    error: 'disk full',
    tracks: [],
  });
  t.match((await app.inject('/api/record/cam3')).json(), { recording: false, error: 'disk full' });
});

t.test('stopping, also what does not run', async (t) => {
  const { app, recorder } = await testApp(t);
  for (const stream of ['cam1', 'nobody']) {
    const reply = await app.inject({
      method: 'DELETE',
      url: `/api/record/${stream}`,
      headers: { 'content-type': 'application/json' },
    });
    t.equal(reply.statusCode, 200);
    t.strictSame(reply.json(), {});
  }
  t.strictSame(recorder.calls, [
    ['stop', 'cam1'],
    ['stop', 'nobody'],
  ]);
});
