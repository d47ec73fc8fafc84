import t from 'tap';
import { testApp } from './test-app.ts';

const { app, recorder } = await testApp(
  t,
  '[auth]\nsecret = "a secret that is long enough for all of us"',
);
const EXP = Math.floor(Date.now() / 1000) + 3600;
const token = (id: string) => ({
  authorization: `Bearer ${app.jwt.sign({ id, mode: 7, exp: EXP })}`,
});

/** What would touch, or tell of, another stream than cam1. */
const FOREIGN = [
  ['POST', '/api/record/cam2'],
  ['GET', '/api/record/cam2'],
  ['DELETE', '/api/record/cam2'],
  ['DELETE', '/api/record/cam2?stream=cam1'],
  ['POST', '/whip/cam2'],
  ['PATCH', '/session/cam2/x'],
  ['DELETE', '/session/cam2/x'],
  ['DELETE', '/session/cam1%2F..%2Fcam2/x'],
  ['GET', '/api/streams/cam2'],
  ['GET', '/api/streams/'],
  ['GET', '/api/sse/streams'],
  ['GET', '/api/sse/streams?streams=cam2'],
  ['GET', '/api/recorder/streams'],
  ['GET', '/api/recorder/streams?stream=cam2'],
  ['GET', '/api/recorder/events'],
  ['GET', '/api/recorder/events?stream=cam2'],
  ['GET', '/api/record/segments'],
  ['GET', '/api/record/segments?stream=cam2'],
  ['GET', '/api/record/segments?stream=cam1&stream=cam2'],
  ['GET', '/api/record/segments?STREAM=cam1'],
  ['GET', '/api/recordings'],
  ['GET', '/api/recordings?stream=cam2'],
  ['PATCH', '/api/recordings'],
  ['PATCH', '/api/recordings?stream=cam1'],
  ['DELETE', '/api/recordings'],
  ['DELETE', '/api/recordings?stream=cam1'],
  ['GET', '/api/playback'],
  ['GET', '/api/playback?stream=cam1'],
  ['GET', '/api/playback/cam2'],
  ['GET', '/api/playback/cam2/export.mp4?start=0&end=1'],
  ['GET', '/api/playback/cam2/picture?ts=0'],
  ['GET', '/api/playback/cam2/index.m3u8?start=0'],
  ['GET', '/api/playback/cam2/video.m3u8?start=0'],
  ['GET', '/api/playback/cam2/manifest.mpd?start=0'],
  ['GET', '/api/playback/cam1/cam2/manifest.mpd?start=0'],
  ['GET', '/api/timeline?streams=cam2'],
  ['GET', '/api/timeline?streams=cam1,cam2'],
  ['GET', '/api/storage'],
  ['GET', '/api/sources'],
  ['GET', '/metrics'],
  ['GET', '/api/record/object/cam2/2026/11/28/manifest.mpd'],
  ['GET', '/api/record/object/cam1/cam2/2026/11/28/manifest.mpd'],
  ['GET', '/api/record/object/cam1/a/b/c/manifest.mpd'],
  ['GET', '/api/record/object/cam2/2026/11/28/cam1/2026/11/28/../../../../manifest.mpd'],
  ['GET', '/api/record/object/cam1/2026/11/28/%2e%2e/manifest.mpd'],
  ['GET', '/api/record/object/cam2%2F2026/11/28/seg_0001.m4s'],
  ['GET', '/api/record/object/.index/records.jsonl'],
] as const;

const TYPES: Record<string, string> = {
  '/whip/cam2': 'application/sdp',
  '/session/cam2/x': 'application/trickle-ice-sdpfrag',
};

t.test('a token of one stream touches no other', async (t) => {
  for (const [method, url] of FOREIGN) {
    const type = TYPES[url] ?? 'application/json';
    const hasBody = method === 'PATCH' || method === 'POST' || url.startsWith('/api/recordings');
    const body = { records: [{ stream: 'cam2', record: '1753315200' }] };
    const reply = await app.inject({
      method,
      url,
      headers: { ...token('cam1'), ...(hasBody && method !== 'GET' && { 'content-type': type }) },
      ...(hasBody && method !== 'GET' && { payload: JSON.stringify(body) }),
    });
    // A path that leads elsewhere is resolved, or refused as such, before anything is looked for.
    const refused = url.includes('..') || url.includes('%2e') ? [400, 403, 404] : [403];
    t.ok(refused.includes(reply.statusCode), `${method} ${url}: ${reply.statusCode}`);
  }
  t.same(recorder.calls, [], 'nothing of it reaches the recorder');
});

t.test('a token of one stream exports no other', async (t) => {
  const payload = { stream: 'cam2', start: 0, end: 1 };
  const request = { method: 'POST', url: '/api/exports', headers: token('cam1'), payload } as const;
  const reply = await app.inject(request);
  t.equal(reply.statusCode, 403);
  const own = await app.inject({ ...request, payload: { ...payload, stream: 'cam1' } });
  t.equal(own.statusCode, 404, 'nothing is recorded of it');
});

t.test('a token of one stream chooses no folder', async (t) => {
  const start = (id: string, payload: object) =>
    app.inject({ method: 'POST', url: '/api/record/cam1', headers: token(id), payload });
  for (const base of ['archive', 'cam2/2026/11/28/manifest.mpd']) {
    const reply = await start('cam1', { base_dir: base });
    t.equal(reply.statusCode, 403);
    t.match(reply.json().message, /base_dir/);
  }
  t.same(recorder.calls, []);
  t.equal((await start('cam1', { base_dir: null })).statusCode, 200);
  t.equal((await start('cam1', {})).statusCode, 200);
  const based = await start('*', { base_dir: 'archive' });
  t.match(based.json(), { record_dir: /^archive\/cam1\// });
});
