import t from 'tap';
import { testApp } from '../http/test-app.ts';
import { active, completed, DAY_SECONDS } from '../record-catalogue/open-catalogue.ts';

t.test('records page by page, acknowledged, deleted, and still there to play', async (t) => {
  const { app, recordCatalogue } = await testApp(t);
  const none = await app.inject('/api/recordings?limit=200');
  t.strictSame(none.json(), { sessions: [], last_ts: 0 });
  t.equal(none.headers['cache-control'], 'no-store');

  await recordCatalogue.put(active(0));
  await recordCatalogue.put(completed(1));
  await recordCatalogue.put(completed(2, { stream: 'cam2', status: 'Failed' }));
  const first = (await app.inject('/api/recordings?limit=2')).json();
  t.strictSame(first.sessions, [
    {
      id: String(DAY_SECONDS),
      stream: 'cam1',
      start_ts: DAY_SECONDS * 1_000_000,
      mpd_path: 'cam1/2025/07/24/manifest.mpd',
      status: 'Active',
    },
    {
      id: String(DAY_SECONDS + 1),
      stream: 'cam1',
      start_ts: (DAY_SECONDS + 1) * 1_000_000,
      end_ts: (DAY_SECONDS + 1) * 1_000_000 + 500_000,
      duration_ms: 500,
      mpd_path: 'cam1/2025/07/24/manifest.mpd',
      status: 'Completed',
    },
  ]);
  const second = (await app.inject(`/api/recordings?limit=2&since_ts=${first.last_ts}`)).json();
  t.match(second, { sessions: [{ stream: 'cam2', status: 'Failed' }] });
  t.equal(second.sessions.length, 1);
  t.ok(second.last_ts > first.last_ts);
  t.strictSame((await app.inject(`/api/recordings?since_ts=${second.last_ts}`)).json(), {
    sessions: [],
    last_ts: second.last_ts,
  });
  const ofOne = (await app.inject('/api/recordings?stream=cam2')).json();
  t.strictSame(ofOne.sessions, second.sessions);

  const records = [
    { stream: 'cam1', record: String(DAY_SECONDS) },
    { stream: 'cam1', record: String(DAY_SECONDS + 1) },
    { stream: 'cam1', record: 'unknown' },
  ];
  const send = (method: 'PATCH' | 'DELETE', body: unknown) =>
    app.inject({ method, url: '/api/recordings', body: body as object });
  t.strictSame((await send('PATCH', { records, later: true })).json(), { acked: 2 });
  t.strictSame((await app.inject('/api/recordings')).json().sessions, second.sessions);
  t.strictSame((await send('DELETE', { records })).json(), { deleted: 2 });
  t.strictSame((await send('DELETE', { records })).json(), { deleted: 0 });
  t.strictSame((await send('PATCH', { records: [] })).json(), { acked: 0 });

  t.strictSame((await app.inject('/api/playback')).json(), ['cam1', 'cam2']);
  const mpdPath = 'cam1/2025/07/24/manifest.mpd';
  t.strictSame((await app.inject('/api/playback/cam1')).json(), [
    { record: String(DAY_SECONDS), mpd_path: mpdPath, duration_ms: null },
    { record: String(DAY_SECONDS + 1), mpd_path: mpdPath, duration_ms: 500 },
  ]);
  t.strictSame((await app.inject('/api/playback/nobody')).json(), []);
});

t.test('a duration that Liveman could not read is cut short', async (t) => {
  const { app, recordCatalogue } = await testApp(t);
  await recordCatalogue.put(completed(0, { endUs: DAY_SECONDS * 2_000_000 }));
  const { sessions } = (await app.inject('/api/recordings')).json();
  t.equal(sessions[0].duration_ms, 2 ** 31 - 1);
  const [row] = (await app.inject('/api/playback/cam1')).json();
  t.equal(row.duration_ms, 2 ** 31 - 1);
});

t.test('a page has an end, whatever limit is asked for', async (t) => {
  const { app, recordCatalogue } = await testApp(t);
  const all = Array.from({ length: 1002 }, (_, n) => completed(n));
  await Promise.all(all.map((record) => recordCatalogue.put(record)));
  for (const [query, length] of [
    ['', 100],
    ['?limit=0', 100],
    ['?limit=1', 1],
    ['?limit=1001', 1000],
    ['?limit=4294967295', 1000],
  ] as const) {
    const { sessions } = (await app.inject(`/api/recordings${query}`)).json();
    t.equal(sessions.length, length, query);
  }
});

t.test('the longest page can be acknowledged at once', async (t) => {
  const { app } = await testApp(t);
  const stream = '\u{1f3a5}'.repeat(127);
  const records = Array.from({ length: 1000 }, (_, n) => ({
    stream,
    record: `${DAY_SECONDS + n}`,
  }));
  const body = { records };
  const reply = await app.inject({ method: 'PATCH', url: '/api/recordings', body });
  t.equal(reply.statusCode, 200);
  const tooMuch = { records: [{ stream: 'x'.repeat(2 << 20), record: '1' }] };
  const refused = await app.inject({ method: 'PATCH', url: '/api/recordings', body: tooMuch });
  t.equal(refused.statusCode, 413);
});

t.test('what cannot be asked', async (t) => {
  const { app } = await testApp(t);
  for (const [url, message] of [
    ['/api/recordings?limit=-1', /query\.limit/],
    ['/api/recordings?limit=many', /query\.limit/],
    ['/api/recordings?since_ts=-5', /query\.since_ts/],
    ['/api/recordings?since_ts=1.5', /query\.since_ts/],
    ['/api/playback/segments', /name of a stream/],
  ] as const) {
    const reply = await app.inject(url);
    t.equal(reply.statusCode, 400, url);
    t.match(reply.json().message, message);
  }
  t.equal((await app.inject('/api/recordings?later=1')).statusCode, 200, 'what is new is let pass');
  for (const method of ['PATCH', 'DELETE'] as const) {
    for (const [body, message] of [
      [undefined, /body/],
      [{}, /body.*records/],
      [{ records: 'all' }, /body\.records/],
      [{ records: [{ stream: 'cam1' }] }, /body\.records\.0.*record/],
      [{ records: [{ stream: 'cam1', record: 1 }] }, /body\.records\.0\.record/],
    ] as [object | undefined, RegExp][]) {
      const reply = await app.inject({ method, url: '/api/recordings', ...(body && { body }) });
      t.equal(reply.statusCode, 400, `${method} ${JSON.stringify(body)}`);
      t.match(reply.json().message, message);
    }
    const headers = { 'content-type': 'text/plain' };
    const reply = await app.inject({ method, url: '/api/recordings', headers, body: 'all' });
    t.equal(reply.statusCode, 415);
  }
});
