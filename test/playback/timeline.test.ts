import t from 'tap';
import { timelineOf } from '../../src/playback/timeline.ts';
import { segmentOf, testApp } from '../http/test-app.ts';

const START_US = 1_753_315_200_000_000;
const SECOND = 1e6;
const span = (from: number, to: number, bytes = 1000, reason?: 'start' | 'media-stopped') => ({
  startUs: from * SECOND,
  endUs: to * SECOND,
  bytes,
  reason,
});
const ALL = [0, Number.MAX_SAFE_INTEGER] as const;

t.test('gaps beyond the resolution are told apart', async (t) => {
  const tracks = {
    video: [span(0, 10, 1, 'start'), span(12, 20, 2, 'media-stopped'), span(80, 90, 4)],
    audio: [span(0.1, 10, 8), span(12, 20, 16, 'media-stopped')],
  };
  const fine = timelineOf(tracks, ...ALL, SECOND);
  t.match(fine, [
    { startUs: 0, endUs: 10e6, kinds: ['video', 'audio'], bytes: 9, reason: 'start' },
    { startUs: 12e6, endUs: 20e6, bytes: 18, reason: 'media-stopped' },
    { startUs: 80e6, endUs: 90e6, kinds: ['video'], bytes: 4, reason: undefined },
  ]);
  const coarse = timelineOf(tracks, ...ALL, 60 * SECOND);
  t.match(coarse, [{ startUs: 0, endUs: 90e6, kinds: ['video', 'audio'], bytes: 31 }]);
  t.same([fine.length, coarse.length], [3, 1]);
});

t.test('a track that is alone for long is told apart', async (t) => {
  const tracks = { video: [span(0, 10, 1000)], audio: [span(0, 100, 100)] };
  t.match(timelineOf(tracks, ...ALL, SECOND), [
    { startUs: 0, endUs: 10e6, kinds: ['video', 'audio'], bytes: 1010 },
    { startUs: 10e6, endUs: 100e6, kinds: ['audio'], bytes: 90 },
  ]);
});

t.test('what reaches over the bounds is cut to them', async (t) => {
  const tracks = { video: [span(0, 10)], audio: [] };
  t.match(timelineOf(tracks, 4e6, 6e6, 0), [{ startUs: 4e6, endUs: 6e6, bytes: 1000 }]);
});

t.test('the call', async (t) => {
  const { app, segmentIndex } = await testApp(
    t,
    '[auth]\nsecret = "a secret that is long enough for all of us"',
  );
  const at = (stream: string, seconds: number, number: number) =>
    segmentOf(stream, {
      startUs: START_US + seconds * SECOND,
      endUs: START_US + (seconds + 10) * SECOND,
      path: `${encodeURIComponent(stream)}/2025/07/24/seg_${String(number).padStart(4, '0')}.m4s`,
      size: 100,
      periodReason: seconds === 0 ? 'start' : 'media-stopped',
    });
  for (const stream of ['cam1', 'a,b%']) {
    await segmentIndex.add(at(stream, 0, 1));
    await segmentIndex.add(at(stream, 10, 2));
    await segmentIndex.add(at(stream, 60, 3));
  }
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const get = (query: string, id = '*', headers = {}) =>
    app.inject({
      url: `/api/timeline${query}`,
      headers: { authorization: `Bearer ${app.jwt.sign({ id, mode: 4, exp })}`, ...headers },
    });
  const cam1 = [
    {
      start_ts: START_US,
      end_ts: START_US + 20 * SECOND,
      kinds: ['video'],
      bytes: 200,
      reason: 'start',
    },
    {
      start_ts: START_US + 60 * SECOND,
      end_ts: START_US + 70 * SECOND,
      kinds: ['video'],
      bytes: 100,
      reason: 'media-stopped',
    },
  ];
  const all = await get('');
  t.equal(all.headers['content-type'], 'application/json; charset=utf-8');
  t.same(all.json(), {
    streams: [
      { stream: 'a,b%', spans: cam1 },
      { stream: 'cam1', spans: cam1 },
    ],
  });
  t.same(
    (await get('?streams=cam1,nobody'))
      .json()
      .streams.map((each: { spans: [] }) => each.spans.length),
    [2, 0],
  );
  const strange = (await get(`?streams=${encodeURIComponent('a%2Cb%25')}`)).json().streams[0];
  t.match(strange, { stream: 'a,b%', spans: cam1 });
  t.equal((await get('?streams=50%25')).statusCode, 400);
  t.same((await get('?resolution=60')).json().streams[0].spans.length, 1);
  t.same((await get('', 'cam1')).json(), { streams: [{ stream: 'cam1', spans: cam1 }] });
  t.equal((await get('?streams=cam1', 'cam1')).statusCode, 200);
  t.equal((await get('?streams=cam1,cam2', 'cam1')).statusCode, 403);
  t.equal((await get('?start=2025-07-24T00:00:30Z')).json().streams[0].spans.length, 1);
  t.equal((await get('?strat=0')).statusCode, 400);

  const { etag } = all.headers;
  const again = await get('', '*', { 'if-none-match': etag });
  t.same([again.statusCode, again.body], [304, '']);
  await segmentIndex.add(at('cam1', 70, 4));
  const changed = await get('', '*', { 'if-none-match': etag });
  t.equal(changed.statusCode, 200);
  t.not(changed.headers.etag, etag);
});
